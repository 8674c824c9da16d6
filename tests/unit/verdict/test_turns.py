"""Runs in turn: a head that fails, figures that are missing, runs that came to nothing."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.stats.pairs import PairedFinding
from cdc_perf.verdict.turns import PairSide, Turn, judge_turns
from cdc_perf.verdict.verdict import Verdict

FIGURES = {"baseline e2e p50": 12.0, "baseline e2e p95": 20.0, "baseline e2e p99": 40.0}
P95 = "baseline e2e p95"
PAIRS = 12


def turns(count: int = PAIRS, slower: float = 1.0) -> list[Turn]:
    """Return runs that passed, a hair apart from one another, the head slower by a factor."""
    return [
        Turn(
            pair=number,
            side=side,
            run=f"run-{number}-{side}",
            exit_code=ExitCode.PASS,
            figures={
                name: value * (1 + number / 1000) * (slower if side is PairSide.HEAD else 1)
                for name, value in FIGURES.items()
            },
        )
        for number in range(1, count + 1)
        for side in PairSide
    ]


def spoilt(made: list[Turn], side: PairSide, pairs: set[int], **changes: object) -> list[Turn]:
    return [
        replace(turn, **changes)  # type: ignore[arg-type]
        if turn.side is side and turn.pair in pairs
        else turn
        for turn in made
    ]


def findings(made: list[Turn]) -> Mapping[str, PairedFinding]:
    return {name: x.finding for name, x in judge_turns(made).found.items()}


def test_the_same_is_the_same() -> None:
    result = judge_turns(turns())
    assert {x.finding for x in result.found.values()} == {PairedFinding.SAME}
    assert (result.verdict, result.exit_code) == (Verdict.PASS, ExitCode.PASS)
    assert result.left_out == ()


def test_a_slower_head_fails() -> None:
    result = judge_turns(turns(slower=1.5))
    assert {x.finding for x in result.found.values()} == {PairedFinding.WORSE}
    assert (result.verdict, result.exit_code) == (Verdict.FAIL, ExitCode.FAIL)


@pytest.mark.parametrize("pairs", [set(range(1, PAIRS + 1)), {4}], ids=["every run", "one run"])
def test_a_head_that_fails_is_never_the_same(pairs: set[int]) -> None:
    result = judge_turns(spoilt(turns(), PairSide.HEAD, pairs, exit_code=ExitCode.FAIL))
    assert (result.verdict, result.exit_code) == (Verdict.FAIL, ExitCode.FAIL)
    assert {turn.pair for turn in result.failing(PairSide.HEAD)} == pairs
    # What it measured still counts.
    assert {x.pairs for x in result.found.values()} == {PAIRS}


def test_a_failed_scenario_counts_whatever_the_run_exits_with() -> None:
    """The worst of NO-DATA and FAIL is NO-DATA."""
    made = spoilt(
        turns(), PairSide.HEAD, {2}, exit_code=ExitCode.NO_DATA, failed=("stress",), figures={}
    )
    assert judge_turns(made).exit_code is ExitCode.FAIL


def test_a_base_that_fails_is_no_fault_of_head() -> None:
    made = spoilt(turns(), PairSide.BASE, {1, 2}, exit_code=ExitCode.FAIL, failed=("baseline",))
    result = judge_turns(made)
    assert result.exit_code is ExitCode.PASS
    assert [turn.pair for turn in result.failing(PairSide.BASE)] == [1, 2]


@pytest.mark.parametrize(
    ("code", "figures"),
    [
        (ExitCode.INVALID, {}),
        (ExitCode.LOAD, {}),
        (ExitCode.STACK, {}),
        (ExitCode.NO_DATA, {}),
        (-9, {}),
        (ExitCode.PASS, {name: 1.0 for name in FIGURES if name != P95}),
    ],
)
@pytest.mark.parametrize("side", list(PairSide))
def test_what_one_run_lacks_leaves_its_pair_out_and_no_other(
    side: PairSide, code: int, figures: Mapping[str, float]
) -> None:
    result = judge_turns(spoilt(turns(), side, {3}, exit_code=code, figures=figures))
    (left,) = result.left_out
    assert (left.pair, left.side, left.run) == (3, side, f"run-3-{side}")
    assert P95 in left.figures
    assert result.found[P95].pairs == PAIRS - 1
    assert result.found[P95].finding is PairedFinding.SAME
    assert result.exit_code is ExitCode.PASS


def test_a_figure_with_too_few_pairs_left_is_no_data() -> None:
    """Three figures need ten pairs; the others, which have them, are not what decides."""
    missing = {name: value for name, value in FIGURES.items() if name != P95}
    result = judge_turns(spoilt(turns(), PairSide.HEAD, {1, 2, 3}, figures=missing))
    assert result.too_few == (P95,)
    assert result.found[P95].finding is PairedFinding.INCONCLUSIVE
    assert (result.verdict, result.exit_code) == (Verdict.NO_DATA, ExitCode.NO_DATA)


def test_a_figure_that_one_version_never_has_is_no_data() -> None:
    missing = {name: value for name, value in FIGURES.items() if name != P95}
    result = judge_turns(spoilt(turns(), PairSide.HEAD, set(range(1, PAIRS + 1)), figures=missing))
    assert result.without == (P95,)
    assert result.exit_code is ExitCode.NO_DATA


def test_a_slowdown_shows_although_a_figure_is_missing() -> None:
    made = spoilt(turns(slower=1.5), PairSide.HEAD, {1, 2, 3}, figures={P95: 30.0})
    assert findings(made)[P95] is PairedFinding.WORSE
    assert judge_turns(made).exit_code is ExitCode.FAIL


@pytest.mark.parametrize("sides", [{PairSide.HEAD}, set(PairSide)], ids=["head", "both"])
def test_runs_that_all_came_to_nothing_are_no_data(sides: set[PairSide]) -> None:
    made = turns()
    for side in sides:
        made = spoilt(made, side, set(range(1, 13)), exit_code=ExitCode.LOAD, figures={})
    result = judge_turns(made)
    assert result.found == {}
    assert len(result.left_out) == PAIRS * len(sides)
    assert (result.verdict, result.exit_code) == (Verdict.NO_DATA, ExitCode.NO_DATA)


def test_few_pairs_without_a_fault_are_inconclusive() -> None:
    result = judge_turns(turns(2))
    assert {x.finding for x in result.found.values()} == {PairedFinding.INCONCLUSIVE}
    assert (result.too_few, result.exit_code) == ((), ExitCode.PASS)
