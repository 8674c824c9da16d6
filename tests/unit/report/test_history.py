"""A scenario run after run."""

import json

import msgspec
import pytest

from scripts.report.history import (
    comparable,
    entries_of,
    history_json,
    history_text,
    series_of,
    sparkline,
)
from scripts.results.history import HistoryEntry
from scripts.results.manifest import Manifest
from scripts.tools.change_points import ChangePoint
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
    without = msgspec.structs.replace(runs(1)[0], figures={"iterations/s": 9.0})
    assert series_of([*runs(2), without]) == {"iterations/s": [10.0, 10.0, 9.0]}


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
        "e2e p95 changed by +31% (mean 22.5 to 29.5, p < 0.001) with run run-6, commit cccccccccc"
    )
    assert lines[-1] == "3 further runs were on another machine, stack or load"


def test_nothing_is_claimed_of_too_few_runs_or_without_a_change() -> None:
    few = history_text(runs(11), 0, {}).splitlines()
    assert few[-1] == (
        "a change for good is looked for from 12 runs on; there are 11 that passed or failed"
    )
    many = history_text(runs(12), 0, {"e2e p95": []}).splitlines()
    assert many[-1] == "nothing changed for good over 12 runs (p < 0.001, 5 %)"


def test_programs_get_every_entry() -> None:
    content = json.loads(history_json(runs(3), {}))
    assert [run["run_id"] for run in content["runs"]] == ["run-0", "run-1", "run-2"]
