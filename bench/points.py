"""Large files of points, made from those of a real run."""

import gzip
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

# A lower level would be faster but make a larger file; k6 uses this one.
_LEVEL = 6
_SECOND = re.compile(rb'"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
# This many simultaneous copies represent as many times the virtual users: baseline has 10, soak 50.
_AT_A_TIME = 5


def repeated(source: Path, size: int) -> Iterator[bytes]:
    """Yield the points of a run repeatedly, five copies at a time, one run after the other.

    Args:
        source: The points of the run, gzipped.
        size: Bytes of text to stop at, after the copy that reaches them.
    """
    text = gzip.decompress(source.read_bytes())
    seconds = sorted({datetime.fromisoformat(found.decode()) for found in _SECOND.findall(text)})
    length = seconds[-1] - seconds[0] + timedelta(seconds=1)
    made = copies = 0
    while made < size:
        shift = length * (copies // _AT_A_TIME)
        copy = _shifted(text, seconds, shift)
        made += len(copy)
        copies += 1
        yield copy


def write_points(source: Path, size: int, target: Path) -> int:
    """Write repeated points, gzipped as k6 does; return the number of bytes of text."""
    with gzip.open(target, "wb", compresslevel=_LEVEL) as stream:
        return sum(stream.write(copy) for copy in repeated(source, size))


def write_text(source: Path, size: int, target: Path) -> int:
    """Write repeated points as text; return the number of bytes."""
    with target.open("wb") as stream:
        return sum(stream.write(copy) for copy in repeated(source, size))


def _shifted(text: bytes, seconds: list[datetime], shift: timedelta) -> bytes:
    # A shift is at least as long as the run, or zero, so no shifted time is shifted again.
    if shift:
        for second in seconds:
            text = text.replace(second.isoformat().encode(), (second + shift).isoformat().encode())
    return text
