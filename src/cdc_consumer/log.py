"""One event a line on stdout, as `time event key=value ...`: read by people, split by machines."""

import json
import sys
from datetime import UTC, datetime


def line(event: str, **fields: object) -> str:
    """Format an event; what is not a plain word is quoted as JSON, so a line stays one line."""
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
