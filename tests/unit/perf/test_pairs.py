"""What is compared of runs that are made in turn."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode, UsageFailure
from cdc_perf.perf.pairs import Turns, figures_of, measure_in_turn, turn_of
from cdc_perf.results.hops import Hops
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.runs.row import Row
from cdc_perf.settings.paths import Checkout
from cdc_perf.stats.pairs import PairedFinding
from cdc_perf.verdict.judge import not_run
from cdc_perf.verdict.turns import PairSide, Turn, judge_turns
from cdc_perf.verdict.verdict import Verdict
from tests.unit.measured import because, way
from tests.unit.recorded_runs import FEW, SLOW, gone, row, spoil, write_run

LATENCIES = {"baseline e2e p50": 36.4, "baseline e2e p95": 51.2, "baseline e2e p99": 73.0}


def figures(tmp_path: Path, hops: Hops | None) -> dict[str, float]:
    rows = [row("health-check"), replace(row("baseline"), hops=hops)]
    return dict(figures_of(RunFolder(write_run(tmp_path, rows))))


def test_the_percentiles_and_the_means_of_the_hops(tmp_path: Path) -> None:
    assert figures(tmp_path, way(4, 3, 1, 2)) == {
        **LATENCIES,
        "baseline PostgreSQL to Debezium mean": 4,
        "baseline Debezium to Kafka mean": 3,
        "baseline Kafka to consumer mean": 1,
        "baseline consumer to MongoDB mean": 2,
        "baseline commit to MongoDB mean": 10,
    }


@pytest.mark.parametrize(
    "hops",
    [None, way(4, 3, 1, 2, negative={"source_to_debezium": 1})],
    ids=["nobody looked", "clocks differ"],
)
def test_hops_that_tell_nothing_are_left_out(tmp_path: Path, hops: Hops | None) -> None:
    assert figures(tmp_path, hops) == LATENCIES


def test_hops_of_another_version_are_left_out(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [replace(row("baseline"), hops=way(4, 3, 1, 2))])
    spoil(folder / "baseline" / "hops.json", schema_version=99)
    assert figures_of(RunFolder(folder)) == LATENCIES


def test_what_has_no_logarithm_is_left_out(tmp_path: Path) -> None:
    """By Kafka's whole milliseconds next to nothing can seem to be less than nothing."""
    found = figures(tmp_path, way(4, -0.02, 1, 2))
    assert "baseline Debezium to Kafka mean" not in found
    assert "baseline Kafka to consumer mean" in found


def test_a_scenario_that_is_not_to_be_believed_has_no_figures(tmp_path: Path) -> None:
    """FEW is NO-DATA; the other scenario of the same run still counts."""
    rows = [row("baseline", FEW), row("spike", SLOW)]
    found = figures_of(RunFolder(write_run(tmp_path, rows)))
    assert set(found) == {"spike e2e p50", "spike e2e p95", "spike e2e p99"}


def test_a_scenario_without_a_verdict_has_no_figures(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline")])
    (folder / "baseline" / "verdict.json").unlink()
    assert figures_of(RunFolder(folder)) == {}


def test_a_verdict_of_another_version_is_read(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline")])
    for path in (folder / "verdict.json", folder / "baseline" / "verdict.json"):
        spoil(path, schema_version=99, something_new=1)
    assert figures_of(RunFolder(folder)) == LATENCIES


def test_a_run_that_failed_says_what_failed(tmp_path: Path) -> None:
    folder = RunFolder(write_run(tmp_path, [row("health-check"), row("baseline", SLOW)]))
    turn = turn_of(folder, 3, PairSide.HEAD, ExitCode.FAIL, ())
    assert (turn.fails, turn.failed, turn.run) == (True, ("baseline",), folder.run_id)
    assert len(turn.figures) == 3
    assert turn.reason


class Stub:
    """What stands in for `inv perf`: the n-th run leaves the n-th row, or nothing."""

    def __init__(self, results: Path, rows: Sequence[Row | int]) -> None:
        self.results, self.rows, self.made = results, list(rows), 0

    def __call__(self, argv: Sequence[str], **_: object) -> process.Completed:
        found = self.rows[self.made]
        self.made += 1
        if isinstance(found, int):
            return process.Completed(tuple(argv), found, "", ("it broke",))
        write_run(self.results, [found], self.made)
        return process.Completed(tuple(argv), found.verdict.exit_code, "", ())


def in_turn(
    monkeypatch: pytest.MonkeyPatch, results: Path, rows: Sequence[Row | int]
) -> tuple[Stub, list[Turn]]:
    stub = Stub(results, rows)
    monkeypatch.setattr(process, "run", stub)
    here = Checkout.at(results, {})
    return stub, measure_in_turn(here, here, results, Turns("baseline", "", len(rows) // 2))


def test_one_bad_run_discards_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad: list[Row | int] = [
        ExitCode.LOAD,
        -9,
        gone("baseline"),
        Row(not_run("baseline", ExitCode.INVALID, because("starved")), row("baseline").summary),
    ]
    good = [row("baseline") for _ in range(24 - len(bad))]
    stub, made = in_turn(monkeypatch, tmp_path, [*good[:6], *bad, *good[6:]])
    assert stub.made == len(made) == 24
    result = judge_turns(made)
    assert [x.pair for x in result.left_out] == [4, 4, 5, 5]
    assert all(len(x.figures) == 3 for x in result.left_out)
    assert {x.pairs for x in result.found.values()} == {10}
    assert {x.finding for x in result.found.values()} == {PairedFinding.SAME}
    assert result.exit_code is ExitCode.PASS


def test_a_head_that_fails_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs alternate their order: base, head, head, base."""
    base, head = row("baseline"), row("baseline", SLOW)
    _, made = in_turn(monkeypatch, tmp_path, [base, head, head, base] * 6)
    assert [turn.side for turn in made if turn.fails] == [PairSide.HEAD] * 12
    result = judge_turns(made)
    assert (result.verdict, result.exit_code) == (Verdict.FAIL, ExitCode.FAIL)


def test_where_nothing_can_be_compared_no_more_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, made = in_turn(monkeypatch, tmp_path, [ExitCode.STACK] * 24)
    assert stub.made == 4
    assert judge_turns(made).verdict is Verdict.NO_DATA


def test_a_version_that_does_not_know_the_scenario_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageFailure):
        in_turn(monkeypatch, tmp_path, [row("baseline"), ExitCode.USAGE])
