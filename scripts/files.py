"""Files written whole or not at all."""

import os
import tempfile
from pathlib import Path

import msgspec


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write to a temporary name beside `path`, sync, rename: readers see the old or the new file.

    Raises:
        OSError: The folder cannot be written to, or the disk is full; nothing half-written stays.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # A write that fails does not say where.
            error.filename = str(path)
        raise


def json_text(content: object) -> str:
    """Return the same JSON as a text to be printed."""
    return readable_json(content).decode().rstrip("\n")


def readable_json(content: object) -> bytes:
    """Return JSON as people read it: indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
