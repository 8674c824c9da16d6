"""The figures of a comparison, from the slices that count."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from msgspec.structs import replace

from cdc_perf.results.comparison import ComparisonStatus, HopTime, Side, Slice, Start
from cdc_perf.verdict.comparison_figures import (
    E2E_P50,
    E2E_P95,
    E2E_P99,
    StartPairs,
    failing_runs,
    figures_of,
    slice_pairs,
    valid_starts,
)
from tests.unit.version_comparisons import comparison_of, slice_of, start_of

LETTERS = {"b": Side.BASE, "h": Side.HEAD}


def slices(order: str) -> tuple[Slice, ...]:
    """Return slices: B and H fail, and x is an invalid slice of head."""
    return tuple(
        slice_of(
            LETTERS.get(letter.lower(), Side.HEAD),
            5 * number,
            failed=3 if letter.isupper() else 0,
            invalid="starved" if letter == "x" else "",
        )
        for number, letter in enumerate(order)
    )


def start(order: str) -> Start:
    return replace(start_of(1), slices=slices(order))


def places(order: str) -> list[tuple[int, int]]:
    return [(int(base.began / 5), int(head.began / 5)) for base, head in slice_pairs(start(order))]


@pytest.mark.parametrize(
    ("order", "pairs"),
    [
        ("bhhb", [(0, 1), (3, 2)]),
        ("hbbh", [(1, 0), (2, 3)]),
        ("bxhb", [(0, 2)]),
        ("bxhhb", [(0, 2), (4, 3)]),
        ("bbhh", [(1, 2), (0, 3)]),
        ("bbb", []),
        ("", []),
    ],
)
def test_slices_are_paired_with_their_neighbors(order: str, pairs: list[tuple[int, int]]) -> None:
    assert places(order) == pairs


def pairs_of(*orders: str) -> list[StartPairs]:
    return [StartPairs(n, slice_pairs(start(order))) for n, order in enumerate(orders, 1)]


@pytest.mark.parametrize(
    ("orders", "base", "head", "starts"),
    [
        (["bhhb"], 0, 0, 0),
        (["bHhb"], 0, 1, 1),
        # Neighboring slices of a side are one run.
        (["bHHb"], 0, 1, 1),
        (["bHHbbHHb"], 0, 2, 1),
        (["bHbH", "BhhB"], 2, 2, 2),
        # A run of both sides blames neither.
        (["BHhb"], 0, 0, 0),
        (["BHHBBHHB"], 0, 0, 0),
        (["BHhbbHhb"], 0, 1, 1),
    ],
)
def test_failures_in_a_row_are_one_run(
    orders: Sequence[str], base: int, head: int, starts: int
) -> None:
    runs, with_runs = failing_runs(pairs_of(*orders))
    assert (runs.get(Side.BASE, 0), runs.get(Side.HEAD, 0), with_runs) == (base, head, starts)


def test_a_faulty_start_does_not_count_and_takes_its_time() -> None:
    starts = (start_of(1), replace(start_of(2), fault="base did not start"), start_of(3))
    found = valid_starts(comparison_of(*starts, status=ComparisonStatus.RUNNING))
    assert [x.number for x in found] == [1, 3]
    assert [x.share for x in found] == pytest.approx([50 / 720, 150 / 720])


def test_the_last_look_of_a_complete_comparison_has_all_of_the_time() -> None:
    shares = [x.share for x in valid_starts(comparison_of(start_of(1), start_of(2)))]
    assert shares == pytest.approx([50 / 720, 1])


def test_a_start_that_ends_late_has_all_of_the_time() -> None:
    late = replace(start_of(1), seconds=10_000)
    found = valid_starts(comparison_of(late, status=ComparisonStatus.INTERRUPTED))
    assert [x.share for x in found] == [1]


def test_percentiles_and_hops_of_each_start() -> None:
    found = figures_of(
        valid_starts(comparison_of(start_of(1, wobble=0), start_of(2, 1.5, wobble=0)))
    )
    assert list(found) == [
        *(E2E_P50, E2E_P95, E2E_P99),
        *("hop_source_to_debezium", "hop_debezium_to_kafka", "hop_kafka_to_consumer", "hop_total"),
    ]
    first, second = found[E2E_P95]
    assert first.pairs == ((16.0, 16.0),) * 4
    assert second.pairs == ((16.0, 24.0),) * 4
    assert (first.slices, first.samples) == (8, {Side.BASE: 1000, Side.HEAD: 1000})
    assert first.lacking == {Side.BASE: 0, Side.HEAD: 0}


def p99_of(*slices: Slice) -> tuple[tuple[float, float], ...]:
    return figures_of([StartPairs(1, slice_pairs(replace(start_of(1), slices=slices)))])[E2E_P99][
        0
    ].pairs


def test_p99_is_that_of_all_samples_of_a_start() -> None:
    ((base, head),) = p99_of(*start_of(1, 2.0, wobble=0).slices)
    assert base == pytest.approx(20, rel=0.022)
    assert head / base == pytest.approx(2)
    # One of four slices is 10% slower in its tail, and only a quarter of the tail is in it.
    slow = slice_of(Side.HEAD, 5, p99=22)
    ((base, head),) = p99_of(slice_of(Side.BASE), slow, *slices("hbbhhb"))
    assert 1 < head / base < 1.05


def test_p99_needs_300_samples_of_each_side() -> None:
    assert p99_of(*slices("bhhb")) != ()
    assert p99_of(*slices("bh")) == ()
    (reading,) = figures_of(pairs_of("bh"))[E2E_P99]
    assert (reading.slices, reading.lacking) == (0, {Side.BASE: 1, Side.HEAD: 1})


def test_p99_hardly_depends_on_the_buckets_bounds() -> None:
    values = [
        p99_of(*(slice_of(x.side, p99=20 * 1.001**k) for x in slices("bhhb")))[0][0]
        for k in range(40)
    ]
    assert all(before <= after for before, after in pairwise(values))


def test_a_side_without_a_figure_lacks_it() -> None:
    without = replace(slice_of(Side.HEAD, 5), p95=None, hops={})
    (reading,) = figures_of([StartPairs(1, ((slice_of(Side.BASE), without),))])[E2E_P95]
    assert (reading.pairs, reading.slices) == ((), 0)
    assert reading.lacking == {Side.BASE: 0, Side.HEAD: 1}
    (hop,) = figures_of([StartPairs(1, ((slice_of(Side.BASE), without),))])["hop_total"]
    assert hop.lacking == {Side.BASE: 0, Side.HEAD: 1}


def test_a_hop_without_events_or_of_0_ms_is_lacking() -> None:
    for hop in (HopTime(mean=0, events=9), HopTime(mean=3, events=0)):
        bad = replace(slice_of(Side.HEAD, 5), hops={"total": hop})
        (reading,) = figures_of([StartPairs(1, ((slice_of(Side.BASE), bad),))])["hop_total"]
        assert reading.lacking == {Side.BASE: 0, Side.HEAD: 1}


def test_unknown_hops_are_no_figures() -> None:
    odd = replace(slice_of(Side.BASE), hops={"<script>": HopTime(mean=1, events=1)})
    assert list(figures_of([StartPairs(1, ((odd, slice_of(Side.HEAD, hops={})),))])) == [
        *(E2E_P50, E2E_P95, E2E_P99)
    ]
