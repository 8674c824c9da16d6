"""The length of the spans over which samples are aggregated."""

from collections.abc import Collection

# In seconds; most divide the next one, so that spans begin at round times.
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_ROWS = 60
_MOST_SPANS = 240
# The margin for spans with fewer samples than most.
_ENOUGH = 0.8


def width_of_rows(length: int) -> int:
    """Return the seconds of a table row, so that there are at most 60 rows."""
    return next((width for width in WIDTHS if length <= width * MOST_ROWS), length)


def width_for_samples(counts: Collection[int], needed: int, length: int) -> int | None:
    """Return the shortest span with enough samples for a percentile; None if there are too few.

    The span is long enough for at most 240 spans: a person cannot follow a line with more.

    Args:
        counts: Samples of each second that has some.
        needed: Samples that the percentile needs (settings/samples.py).
        length: The total number of seconds.
    """
    total = sum(counts)
    if total < needed:
        return None
    typical = total / len(counts)
    least = length / _MOST_SPANS
    fitting = (w for w in WIDTHS if typical * w * _ENOUGH >= needed and least <= w <= length)
    return next(fitting, length)


def clock(seconds: float) -> str:
    """Return a time since the start: `0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
