"""A scenario run after run."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
import pytest

from cdc_perf.report.history import (
    comparable,
    comparable_groups,
    entries_of,
    history_json,
    history_text,
    series_of,
    sparkline,
)
from cdc_perf.results.history import HistoryEntry
from cdc_perf.results.manifest import Manifest
from cdc_perf.tools.change_points import ChangePoint
from tests.unit.measured import NOW
from tests.unit.recorded_runs import gone, manifest, row
from tests.unit.results.test_history import entry

FIGURES = {"e2e p50": 12.0, "e2e p95": 20.0, "e2e p99": 40.0, "iterations/s": 10.0}


def runs(count: int, **changes: object) -> list[HistoryEntry]:
    return [
        msgspec.structs.replace(
            entry(number), figures={**FIGURES, "e2e p95": 20.0 + number}, **changes
        )
        for number in range(count)
    ]


def started(made: Manifest) -> Manifest:
    scenarios = tuple(msgspec.structs.replace(x, started=NOW) for x in made.scenarios)
    return msgspec.structs.replace(made, scenarios=scenarios)


def test_a_run_leaves_an_entry_for_each_scenario_that_was_loaded() -> None:
    rows = [row("health-check"), row("baseline")]
    (found,) = entries_of(started(manifest(rows)), rows)
    assert (found.scenario, found.verdict, found.started) == ("baseline", "PASS", NOW)
    assert found.environment == "ci"
    assert found.figures == {
        "e2e p50": 36.4,
        "e2e p95": 51.2,
        "e2e p99": 73.0,
        "iterations/s": 10.0,
    }


def test_what_was_not_run_leaves_none() -> None:
    rows = [gone("baseline")]
    assert entries_of(manifest(rows), rows) == ()


def test_only_runs_like_the_last_one_are_held_against_one_another() -> None:
    other = runs(2, key="b")
    assert comparable([*other, *runs(3)]) == tuple(runs(3))


def test_what_is_not_to_be_believed_does_not_count() -> None:
    (doubtful,) = runs(1, verdict="INVALID")
    assert series_of([*runs(2), doubtful])["e2e p95"] == [20.0, 21.0]
    assert series_of([doubtful]) == {}


def test_one_run_without_a_figure_hides_no_other() -> None:
    without = msgspec.structs.replace(runs(1)[0], figures={"iterations/s": 9.0})
    found = series_of([runs(1)[0], without, runs(2)[1]])
    assert found["iterations/s"] == [10.0, 9.0, 10.0]
    assert found["e2e p95"] == [20.0, 21.0]


def stepped(count: int = 30, at: int = 15, **changes: object) -> list[HistoryEntry]:
    """Return runs whose p95 doubles with one of them."""
    return [
        msgspec.structs.replace(
            entry(number),
            figures={**FIGURES, "e2e p95": (20.0 if number < at else 40.0) + number % 3 / 10},
            **changes,
        )
        for number in range(count)
    ]


class Step:
    """Stands in for apache-otava: a series changes where its value leaps."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Sequence[float]]] = []

    def __call__(self, series: Mapping[str, Sequence[float]]) -> dict[str, list[ChangePoint]]:
        self.asked.append(series)
        return {
            name: [
                ChangePoint(n + 1, a, b, 1e-9)
                for n, (a, b) in enumerate(pairwise(values))
                if b > 1.5 * a
            ]
            for name, values in series.items()
        }


def found_with(entries: Sequence[HistoryEntry]) -> list[tuple[str, str]]:
    """Return the figure and the run of each change that programs are given, whatever its group."""
    last, *rest = comparable_groups(entries, Step())
    content = json.loads(history_json(last.entries, last.changes, rest))
    return [
        (name, point["run_id"])
        for group in (content, *content["elsewhere"])
        for name, points in group["change_points"].items()
        for point in points
    ]


DOUBLED = [("e2e p95", "run-15")]


@pytest.mark.parametrize("at", [0, 3, 14, 15, 20, 29])
def test_a_doubled_latency_is_found_whichever_run_has_none(at: int) -> None:
    entries = stepped()
    entries[at] = msgspec.structs.replace(entries[at], figures={"iterations/s": 10.0})
    expected = [("e2e p95", "run-16")] if at == 15 else DOUBLED
    assert found_with(entries) == expected


@pytest.mark.parametrize("verdict", ["NO-DATA", "INVALID"])
def test_a_run_that_does_not_count_hides_no_change(verdict: str) -> None:
    entries = stepped()
    entries[20] = msgspec.structs.replace(entries[20], verdict=verdict, figures={})
    assert found_with(entries) == DOUBLED


def test_a_last_run_with_other_settings_hides_no_change() -> None:
    other = msgspec.structs.replace(entry(99), key="b")
    assert found_with([*stepped(), other]) == DOUBLED
    last, *rest = comparable_groups([*stepped(), other], Step())
    assert [len(last.entries), *(len(x.entries) for x in rest)] == [1, 30]
    assert "run-15" in history_text(last.entries, 30, last.changes, rest)


def test_too_few_values_are_not_searched_and_are_named() -> None:
    entries = stepped(20)
    for at in range(9):
        entries[at] = msgspec.structs.replace(entries[at], figures={"iterations/s": 10.0})
    ask = Step()
    (last,) = comparable_groups(entries, ask)
    assert [set(x) for x in ask.asked] == [{"a iterations/s"}]
    assert set(last.changes) == {"iterations/s"}
    assert "e2e p95 is missing from 9 runs" in history_text(last.entries, 0, last.changes)


def test_lines_that_hold_no_run_are_reported() -> None:
    assert "ignored 2 unreadable lines of history.jsonl: 3, 7" in history_text(
        runs(2), 0, {}, (), (3, 7)
    )
    assert json.loads(history_json(runs(2), {}, (), (3, 7)))["unreadable_lines"] == [3, 7]


@pytest.mark.parametrize(
    ("values", "bars"),
    [([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"), ([5, 5], "▁▁"), ([3], "▁"), ([0, 10], "▁█")],
)
def test_sparklines(values: list[float], bars: str) -> None:
    assert sparkline(values) == bars


def test_the_last_runs_and_what_changed_for_good() -> None:
    changes = {"e2e p95": [ChangePoint(index=6, before=22.5, after=29.5, p_value=1e-6)]}
    lines = history_text(runs(25), 3, changes).splitlines()
    assert lines[2].split()[:3] == ["run-5", "cccccccccc", "PASS"]
    assert "e2e p95       ▁▁▁▂▂▂▂▂▃▃▃▃▄▄▄▅▅▅▅▅▆▆▆▇█"[:8] in "".join(lines)
    assert lines[-2] == (
        "e2e p95 changed by +31% (mean 22.5 to 29.5, p < 0.001) since run run-6, commit cccccccccc"
    )
    assert lines[-1] == "3 other runs with a different machine, stack, or load"


def test_nothing_is_claimed_of_too_few_runs_or_without_a_change() -> None:
    few = history_text(runs(11), 0, {}).splitlines()
    assert few[-1] == "Needs 12 judged runs to detect a lasting change; has 11"
    many = history_text(runs(12), 0, {"e2e p95": []}).splitlines()
    assert many[-1] == "no lasting change of 5% or more over 12 runs (p < 0.001)"


def test_programs_get_every_entry() -> None:
    content = json.loads(history_json(runs(3), {}))
    assert [run["run_id"] for run in content["runs"]] == ["run-0", "run-1", "run-2"]
