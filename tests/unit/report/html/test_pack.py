import struct
from base64 import b64decode
from math import isnan

from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.report.html.chart import decimated, packed

LINES = st.integers(1, 4).flatmap(
    lambda count: st.lists(
        st.tuples(*[st.one_of(st.none(), st.integers(-1000, 1000).map(float))] * count),
        min_size=1,
        max_size=400,
    )
)


def test_numbers_are_little_endian_floats_and_a_hole_is_not_a_number() -> None:
    one, hole, two = struct.unpack("<3f", b64decode(packed([1.5, None, -2.0])))
    assert (one, isnan(hole), two) == (1.5, True, -2.0)


@given(LINES)
def test_few_enough_points_stay_as_they_are(rows: list[tuple[float | None, ...]]) -> None:
    lines = [list(line) for line in zip(*rows, strict=True)]
    positions, values = decimated(lines, most=len(rows) * len(lines))
    assert list(positions) == list(range(len(rows)))
    assert values == lines


@given(LINES, st.integers(16, 100))
def test_no_peak_is_lost_and_no_more_is_left_than_asked_for(
    rows: list[tuple[float | None, ...]], most: int
) -> None:
    lines = [list(line) for line in zip(*rows, strict=True)]
    positions, values = decimated(lines, most)
    assert sum(map(len, values)) <= most
    assert list(positions) == sorted(p for p in positions if p is not None)
    assert all(len(line) == len(positions) for line in values)
    for before, after in zip(lines, values, strict=True):
        known = [value for value in before if value is not None]
        left = [value for value in after if value is not None]
        assert (min(known, default=0), max(known, default=0)) == (
            min(left, default=0),
            max(left, default=0),
        )


def test_a_group_keeps_the_order_of_its_extremes() -> None:
    rising, falling = list(map(float, range(100))), list(map(float, range(100, 0, -1)))
    _, (up, down) = decimated([rising, falling], most=40)
    assert up == sorted(rising[::10] + rising[9::10])
    assert down == sorted(falling[::10] + falling[9::10], reverse=True)


def test_nothing_is_no_line() -> None:
    assert decimated([]) == ([], [])
