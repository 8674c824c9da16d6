"""Log one event per line to stdout, as `time event key=value ...`: easy to read and to split."""

import json
import sys
from datetime import UTC, datetime


def line(event: str, **fields: object) -> str:
    """Format an event on one line; a value that is not a plain word is quoted as JSON."""
    words = " ".join(f"{name}={_word(value)}" for name, value in fields.items())
    return f"{event} {words}" if words else event


def log(event: str, **fields: object) -> None:
    """Write an event with its time (UTC, milliseconds) and flush, so that a kill loses no line."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stdout.write(f"{now} {line(event, **fields)}\n")
    sys.stdout.flush()


def _word(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and not set(text) & {" ", '"', "="}
    return text if plain and text else json.dumps(text)
