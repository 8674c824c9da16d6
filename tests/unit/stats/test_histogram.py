from collections import Counter
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.stats.histogram import EMPTY, Histogram, merged
from tests.unit.points import percentile

VALUES = st.floats(min_value=0.001, max_value=1e6)


def histogram(values: list[float]) -> Histogram:
    """Put values into buckets, as buckets.py has it."""
    positive = [value for value in values if value > 0]
    return Histogram(
        Counter(ceil(log2(value) * 32) - 1 for value in positive),
        len(values) - len(positive),
        min(values),
        max(values),
    )


@given(st.lists(VALUES, min_size=1, max_size=300), st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_known_to_a_little_more_than_one_percent(
    values: list[float], share: float
) -> None:
    exact = percentile(values, share)
    assert histogram(values).percentile(share) == pytest.approx(exact, rel=0.0111)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=50), min_size=1, max_size=5))
def test_histograms_of_parts_add_up_to_that_of_the_whole(parts: list[list[float]]) -> None:
    whole = histogram([value for part in parts for value in part])
    assert merged(map(histogram, parts)) == whole


def test_values_that_no_bucket_holds_come_first() -> None:
    mixed = histogram([0.0, 0.0, 0.0, 8.0])
    assert mixed.count == 4
    assert (mixed.percentile(0.5), mixed.percentile(1.0)) == (0.0, 8.0)
    assert mixed.quantile(0.5) == 0.0
    assert mixed.quantile(1.0) == pytest.approx(8.0)


@given(st.lists(VALUES, min_size=1, max_size=300), st.sampled_from([0.1, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_within_the_bucket_of_the_sample_it_is_of(
    values: list[float], share: float
) -> None:
    exact = sorted(values)[ceil(share * len(values)) - 1]
    assert histogram(values).quantile(share) == pytest.approx(exact, rel=0.0221)


def test_a_quantile_moves_with_the_samples_within_a_bucket() -> None:
    # 10 to 10.15 ms is one bucket; the percentile is the middle of it for all of them.
    same = [histogram([10.0] * below + [10.2] * (100 - below)) for below in (60, 70, 80)]
    assert len({each.percentile(0.5) for each in same}) == 1
    first, second, third = (each.quantile(0.5) for each in same)
    assert first > second > third


def test_nothing_has_no_percentile() -> None:
    assert EMPTY.count == 0
    with pytest.raises(ValueError, match="without samples"):
        EMPTY.percentile(0.5)
    with pytest.raises(ValueError, match="without samples"):
        EMPTY.quantile(0.5)
