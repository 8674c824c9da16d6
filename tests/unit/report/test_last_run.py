"""What moved since the last comparable run."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.files import json_text
from cdc_perf.report.last_run import LastRun, last_run, last_runs, last_runs_json, last_runs_text
from cdc_perf.results.history import HistoryEntry, append, read_history
from tests.unit.measured import way
from tests.unit.recorded_runs import (
    FAST,
    LOSSY,
    MACHINE,
    SLOW,
    gone,
    row,
    run_id,
    spoil,
)
from tests.unit.runs_in_history import finished

OLD, NEW = "a" * 40, "b" * 40
OTHER_KEY = "different pipeline, machine, stack, load, or MongoDB server"
FIRST = [row("baseline", FAST)]


def found(folder: Path, scenario: str = "baseline") -> LastRun:
    last = last_run(folder, scenario)
    assert isinstance(last, LastRun), last
    return last


def rewrite_history(results: Path, **changes: object) -> None:
    """Change the only line of the history."""
    (entry,) = read_history(results, "baseline")
    (results / "history.jsonl").unlink()
    append(results, [msgspec.structs.replace(entry, **changes)])


def test_the_newest_comparable_run_before_the_run_is_found(tmp_path: Path) -> None:
    finished(tmp_path, FIRST, 0)
    second = finished(tmp_path, FIRST, 1)
    finished(tmp_path, FIRST, 2, {"duration": 120})
    now = finished(tmp_path, [row("baseline", SLOW)], 3)
    finished(tmp_path, FIRST, 4)
    last = found(now)
    assert last.entry.run_id == second.name
    assert last.before is not None
    assert last.line.startswith(
        f"since {second.name} (2 hours earlier, commit cccccccccc): "
        "e2e p50 30 → 1,200 ms (+3900.0%), e2e p95 40 → 2,310 ms (+5675.0%), PASS → FAIL"
    )


def test_what_else_differs_is_named_besides_the_commit(tmp_path: Path) -> None:
    finished(tmp_path, FIRST, 0, {"mongodb": "mongod 8.0.4"}, commit=OLD)
    now = finished(tmp_path, FIRST, 1, {"mongodb": "mongod 8.2.0"}, commit=NEW)
    assert found(now).line.endswith("PASS → PASS; other differences: mongodb")


def test_each_scenario_has_a_last_run_of_its_own(tmp_path: Path) -> None:
    first = finished(tmp_path, [row("baseline")], 0)
    second = finished(tmp_path, [row("spike")], 1)
    now = finished(tmp_path, [row("baseline"), row("spike")], 2)
    assert [found(now, name).entry.run_id for name in ("baseline", "spike")] == [
        *(first.name, second.name),
    ]


def test_without_its_folder_the_figures_of_the_history_remain(tmp_path: Path) -> None:
    first = finished(tmp_path, [replace(row("baseline", FAST), hops=way(1, 2, 3, 4))], 0)
    now = finished(tmp_path, [replace(row("baseline"), hops=way(1, 2, 3, 14))], 1)
    assert "largest change: consumer to MongoDB, +10 ms" in found(now).line
    shutil.rmtree(first)
    last = found(now)
    assert (last.before, last.hop, last.differences) == (None, "", ())
    assert [(each.figure, each.before.value) for each in last.changes] == [
        *(("e2e p50, ms", 30.0), ("e2e p95, ms", 40.0), ("e2e p99, ms", 60.0)),
        ("iterations/s", 10.0),
    ]
    assert last.changes[0].cells() == ["e2e p50, ms", "30", "-", "36.4", "540", "+21.3%"]


@pytest.mark.parametrize("spoiled", ["run.json", "baseline/summary.json", "baseline/verdict.json"])
def test_a_folder_that_cannot_be_read_counts_as_gone(tmp_path: Path, spoiled: str) -> None:
    first = finished(tmp_path, FIRST, 0)
    (first / spoiled).write_text("{", encoding="utf-8")
    assert found(finished(tmp_path, FIRST, 1)).before is None


@pytest.mark.parametrize(
    ("how", "why", "without_folder"),
    [
        ({"stack": "compose"}, "different stack", OTHER_KEY),
        ({"duration": 61}, "different load", OTHER_KEY),
        ({"machine": msgspec.structs.replace(MACHINE, cores=8)}, "different machine", OTHER_KEY),
        ({"mongodb": "mongod 8.0.4"}, "different MongoDB server", OTHER_KEY),
        ({"environment": ""}, *["different threshold environment"] * 2),
    ],
)
def test_what_measures_something_else_is_named_with_its_reason(
    tmp_path: Path, how: dict[str, Any], why: str, without_folder: str
) -> None:
    first = finished(tmp_path, FIRST, 0, how)
    now = finished(tmp_path, FIRST, 1)
    assert last_run(now, "baseline") == f"1 earlier run, none comparable: {why} (1)"
    shutil.rmtree(first)
    assert last_run(now, "baseline") == f"1 earlier run, none comparable: {without_folder} (1)"


def test_another_version_of_the_same_server_is_comparable_while_its_folder_says_so(
    tmp_path: Path,
) -> None:
    finished(tmp_path, FIRST, 0, {"mongodb": "mongod 8.0.4"})
    assert found(finished(tmp_path, FIRST, 1, {"mongodb": "mongod 8.2.0"})).before is not None


def test_the_reasons_are_counted(tmp_path: Path) -> None:
    for number in range(2):
        finished(tmp_path, FIRST, number, {"duration": 120})
    finished(tmp_path, FIRST, 2, {"stack": "compose"})
    rewrite = read_history(tmp_path, "baseline")
    append(tmp_path, [msgspec.structs.replace(rewrite[0], verdict="INVALID")])
    now = finished(tmp_path, FIRST, 3)
    assert last_run(now, "baseline") == (
        "4 earlier runs, none comparable: different load (2), different stack (1), "
        "no usable measurement (1)"
    )


def test_without_an_earlier_run_there_is_nothing_to_compare(tmp_path: Path) -> None:
    finished(tmp_path, [row("spike")], 0)
    now = finished(tmp_path, FIRST, 1)
    assert last_run(now, "baseline") == "the history has no earlier run of it"
    (tmp_path / "history.jsonl").unlink()
    assert last_run(now, "baseline") == "the history has no earlier run of it"


def test_a_line_without_figures_or_with_another_environment_is_no_run(tmp_path: Path) -> None:
    shutil.rmtree(finished(tmp_path, FIRST, 0))
    rewrite_history(tmp_path, figures={})
    now = finished(tmp_path / "other", FIRST, 1).rename(tmp_path / run_id(1))
    assert last_run(now, "baseline") == "1 earlier run, none comparable: no figures (1)"
    # Lines of earlier versions have no environment.
    rewrite_history(tmp_path, figures={"e2e p50": 20.0}, environment=None)
    assert [each.figure for each in found(now).changes] == ["e2e p50, ms"]


def test_an_untrusted_measurement_is_compared_with_nothing(tmp_path: Path) -> None:
    finished(tmp_path, FIRST, 0)
    now = finished(tmp_path, [gone("baseline")], 1)
    assert last_run(now, "baseline") == "the verdict is NOT RUN"
    finished(tmp_path, FIRST, 2)
    last = finished(tmp_path, FIRST, 3)
    spoil(last / "baseline" / "verdict.json", verdict="INVALID", exit_code=ExitCode.INVALID)
    assert last_run(last, "baseline") == "the verdict is INVALID"


def test_nothing_that_is_broken_ends_a_run(tmp_path: Path) -> None:
    finished(tmp_path, FIRST, 0)
    now = finished(tmp_path, FIRST, 1)
    (tmp_path / "history.jsonl").unlink()
    (tmp_path / "history.jsonl").mkdir()
    assert "history.jsonl or a run folder cannot be read: Is a directory" in str(
        last_run(now, "baseline")
    )
    (now / "run.json").unlink()
    assert last_run(now, "baseline") == "this run cannot be read: run.json is missing"
    assert "run.json has no scenario soak" in str(
        last_run(finished(tmp_path / "b", FIRST, 2), "soak")
    )


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    finished(tmp_path, FIRST, 0)
    now = finished(tmp_path, FIRST, 1)
    (now / "run.json").write_bytes((now / "run.json").read_bytes().replace(b'00Z"', b'00"'))
    assert "(1 hour earlier, " in found(now).line


def test_a_run_id_cannot_lead_out_of_the_results(tmp_path: Path) -> None:
    shutil.rmtree(finished(tmp_path / "results", FIRST, 0))
    elsewhere = finished(tmp_path / "elsewhere", [row("baseline", SLOW)], 0)
    rewrite_history(tmp_path / "results", run_id=f"../elsewhere/{elsewhere.name}")
    assert found(finished(tmp_path / "results", FIRST, 1)).before is None


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"commit": OLD}, {"commit": NEW}, "run: inv compare aaaaaaaaaaaa bbbbbbbbbbbb"),
        ({"commit": OLD}, {"commit": OLD}, "Both runs measured the same commit."),
        ({"commit": OLD, "changed": True}, {"commit": NEW}, "Uncommitted changes"),
        ({"commit": OLD}, {"commit": OLD, "changed": True}, "Uncommitted changes"),
    ],
)
def test_the_lines_claim_nothing_and_name_what_can(
    tmp_path: Path, before: dict[str, Any], now: dict[str, Any], said: str
) -> None:
    finished(tmp_path, [row("baseline")], 0, **before)
    rows = [row("baseline", LOSSY), row("spike")]
    folder = finished(tmp_path, rows, 1, **now)
    baseline, spike, last = last_runs_text(
        last_runs(folder, [row("health-check"), *rows])
    ).splitlines()
    changed = " (modified)" if before.get("changed") else ""
    assert baseline.startswith(
        f"baseline since {run_id(0)} (1 hour earlier, commit aaaaaaaaaa{changed}): e2e p50 36.4 ms"
    )
    assert "errors 0 → 12 (+12)" in baseline
    assert spike == "spike: not compared: the history has no earlier run of it"
    assert last.startswith("One run compared with one run: a difference can be noise. ")
    assert said in last


def test_without_a_comparable_run_nothing_is_said_of_noise(tmp_path: Path) -> None:
    rows = [row("baseline")]
    text = last_runs_text(last_runs(finished(tmp_path, rows, 0), rows))
    assert text == "baseline: not compared: the history has no earlier run of it"
    assert last_runs_text({}) == ""


def test_json_has_both_values_and_what_else_differs(tmp_path: Path) -> None:
    first = finished(tmp_path, FIRST, 0, commit=OLD)
    rows = [row("baseline"), row("spike")]
    now = finished(tmp_path, rows, 1, commit=NEW)
    content = json.loads(json_text(last_runs_json(last_runs(now, rows))))
    assert content["spike"] == {"not_compared": "the history has no earlier run of it"}
    baseline = content["baseline"]
    assert (baseline["run"], baseline["commit"], baseline["changed"], baseline["verdict"]) == (
        *(first.name, OLD, False, "PASS"),
    )
    assert baseline["figures"][0] == {
        "figure": "e2e p50, ms",
        "before": {"value": 30.0, "samples": 600},
        "now": {"value": 36.4, "samples": 540},
    }
    assert baseline["differences"] == [{"name": "commit", "before": OLD, "now": NEW}]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 seconds"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (86_399, "23 hours"),
        (3e5, "3 days"),
    ],
)
def test_the_time_between_is_in_one_unit(tmp_path: Path, seconds: float, said: str) -> None:
    finished(tmp_path, FIRST, 0)
    (entry,) = read_history(tmp_path, "baseline")
    folder = finished(tmp_path, FIRST, 1)
    now = found(folder)
    started = entry.started.timestamp() + 3600 - seconds
    moved = type(entry.started).fromtimestamp(started, tz=entry.started.tzinfo)
    earlier: HistoryEntry = msgspec.structs.replace(entry, started=moved)
    assert f"({said} earlier, " in replace(now, entry=earlier).line
