"""The bootstrap of a median, counted, against all resamples and against drawn ones."""

from itertools import product
from math import ceil
from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.stats.pairs import median_interval

TAIL = 0.025


def ends(medians: list[float]) -> tuple[float, float]:
    found = sorted(medians)
    tail = ceil(TAIL * len(found))
    return found[tail - 1], found[-tail]


@settings(max_examples=40)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=5))
def test_it_is_that_of_all_resamples(values: list[int]) -> None:
    every = [float(median(way)) for way in product(values, repeat=len(values))]
    assert median_interval([float(x) for x in values]) == ends(every)


@pytest.mark.parametrize("count", [10, 11, 24, 60])
def test_it_is_what_drawing_comes_to(count: int) -> None:
    random = Random(count)  # noqa: S311 - nothing here is a secret
    values = [random.gauss(0, 1) for _ in range(count)]
    drawn = [median(random.choices(values, k=count)) for _ in range(20_000)]
    low, high = median_interval(values)
    # A drawn interval is itself a little off: that of a slightly narrower or wider tail holds it.
    found = sorted(drawn)
    for end, share in ((low, TAIL), (high, 1 - TAIL)):
        around = found[int((share - 0.006) * len(found))], found[int((share + 0.006) * len(found))]
        assert around[0] <= end <= around[1]
