"""The last lines of the components' logs."""

from pathlib import Path

_LAST_LINES = 8
_MOST_BYTES = 65_536


def last_lines(log: Path, count: int = _LAST_LINES) -> tuple[str, ...]:
    """Return the last lines of a log file; none if there is no file."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _MOST_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())[-count:]
