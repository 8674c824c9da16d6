"""When both versions are warm."""

from collections.abc import Sequence

import pytest

from cdc_perf.perf.comparison.warm_up import NOT_WARM, leave_out_warm_up, next_warm_up
from cdc_perf.results.comparison import Side, Slice


def a_slice(side: Side, p50: float | None) -> Slice:
    return Slice(side=side, began=0, samples=150, failed=0, p50=p50, p95=None, write_p50=None)


def slices(*levels: float | None, factor: float = 1.0) -> list[Slice]:
    """Return a pair of slices for each level; head is slower by a factor."""
    order = [(Side.BASE, Side.HEAD), (Side.HEAD, Side.BASE)]
    return [
        a_slice(side, level and level * (factor if side is Side.HEAD else 1))
        for number, level in enumerate(levels)
        for side in order[number % 2]
    ]


def left_out(marked: Sequence[Slice]) -> int:
    return sum(each.invalid == NOT_WARM for each in marked)


@pytest.mark.parametrize("factor", [1.0, 1.5])
@pytest.mark.parametrize(
    ("levels", "pairs", "steady"),
    [
        ((20, 20, 21, 20), 0, True),
        ((22, 20, 21, 20), 0, True),
        ((26, 20, 21, 20), 1, True),
        ((60, 26, 20, 20), 2, True),
        ((60, 40, 30, 20), 2, False),
        ((15, 20, 21, 20), 0, True),
        ((None, 20, 21, 20), 1, True),
        ((None, None, None, None), 2, False),
    ],
)
def test_the_first_pairs_are_left_out_as_long_as_they_are_slower(
    levels: tuple[float | None, ...], pairs: int, factor: float, *, steady: bool
) -> None:
    marked, found = leave_out_warm_up(slices(*levels, factor=factor))
    assert (left_out(marked), found) == (2 * pairs, steady)
    assert all(each.invalid == NOT_WARM for each in marked[: 2 * pairs])


def test_a_slice_keeps_the_reason_that_it_has() -> None:
    first, *rest = slices(60, 20, 20, 20)
    starved = Slice(
        side=first.side,
        began=0,
        samples=1,
        failed=0,
        p50=60,
        p95=None,
        write_p50=None,
        invalid="starved",
    )
    marked, _ = leave_out_warm_up([starved, *rest])
    assert [each.invalid for each in marked[:3]] == ["starved", NOT_WARM, ""]


@pytest.mark.parametrize(("pairs", "seconds"), [(0, 20), (1, 30), (2, 40)])
def test_the_next_warm_up_is_longer_by_what_was_left_out(pairs: int, seconds: float) -> None:
    levels = [60.0] * pairs + [20.0] * 4
    marked, _ = leave_out_warm_up(slices(*levels))
    assert next_warm_up(20, marked, 5) == seconds


def test_a_warm_up_has_a_limit() -> None:
    marked, _ = leave_out_warm_up(slices(60, 60, 20, 20))
    assert next_warm_up(55, marked, 5) == 60
