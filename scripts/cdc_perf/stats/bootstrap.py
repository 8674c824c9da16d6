"""Where the median of a few values lies: the bootstrap's interval, exactly, without drawing."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import comb

from cdc_perf.stats.intervals import CONFIDENCE

_TAIL = (1 - CONFIDENCE) / 2


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the median.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. Of a median the
    distribution over all n^n ways to draw n of n values can be counted, so that no seed and no
    number of draws stands between the values and the interval (Evans, Leemis and Drew, INFORMS
    Journal on Computing 18, 2006, doi:10.1287/ijoc.1040.0105).

    Args:
        values: At least one.
    """
    atoms = sorted(_medians(sorted(values)))
    return _reached(atoms), _reached(atoms[::-1])


def _medians(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield what the median of a resample can be, and how probable that is."""
    count, half = len(values), len(values) // 2
    below = [_reaches(number, count, half + count % 2) for number in range(count + 1)]
    for first in range(count):
        alone = below[first + 1] - below[first]
        if count % 2 == 0:
            # The half-th smallest that is drawn is this value, and the next one is another.
            for second in range(first + 1, count):
                together = _apart(first, second, count)
                alone -= together
                yield (values[first] + values[second]) / 2, together
        yield values[first], alone


def _apart(first: int, second: int, count: int) -> float:
    """Return how probable it is that the two in the middle of a resample are these, by place.

    Half of what is drawn comes from `first` or below, with `first` among it, the other half from
    `second` or above, with `second` among it.
    """
    half = count // 2
    lower: int = (first + 1) ** half - first**half
    upper: int = (count - second) ** half - (count - second - 1) ** half
    every: int = count**count
    return comb(count, half) * lower * upper / every


def _reaches(number: int, count: int, rank: int) -> float:
    """Return how probable it is that `rank` or more of `count` draws are of the `number` lowest."""
    every: int = count**count
    ways: int = sum(
        comb(count, each) * number**each * (count - number) ** (count - each)
        for each in range(rank, count + 1)
    )
    return ways / every


def _reached(atoms: Sequence[tuple[float, float]]) -> float:
    """Return the value at which the probabilities, summed up, reach the tail."""
    totals = accumulate(probability for _, probability in atoms)
    return next(value for (value, _), total in zip(atoms, totals, strict=True) if total >= _TAIL)
