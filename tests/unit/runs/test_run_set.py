import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.manifest import RunStatus
from cdc_perf.runs.loader import UnreadableRun, read_results, read_run
from tests.unit.measured import way
from tests.unit.recorded_runs import MACHINE, SLOW, gone, manifest, row, run_id, spoil, write_run

KNOWN = ("health-check", "baseline", "e2e-latency")
HEALTH = row("health-check")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path, [HEALTH, row("baseline", SLOW)])


def test_what_was_written_is_read_back(run: Path) -> None:
    read = read_run(run, KNOWN)
    assert read.rows == (HEALTH, row("baseline", SLOW))
    assert read.manifest == manifest(read.rows)


def test_the_hops_are_read_back_too(tmp_path: Path) -> None:
    rows = (replace(row("baseline"), hops=way(1, 2, 3, 4)),)
    assert read_run(write_run(tmp_path, rows), KNOWN).rows == rows


def test_hops_that_are_none_make_a_run_unreadable(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [replace(row("baseline"), hops=way(1, 2, 3, 4))])
    spoil(folder / "baseline" / "hops.json", schema_version=99)
    with pytest.raises(UnreadableRun, match=r"baseline/hops\.json has schema version 99"):
        read_run(folder, KNOWN)


def test_a_run_folder_and_a_folder_of_them_are_the_same_to_read(run: Path) -> None:
    assert read_results(run, KNOWN) == read_results(run.parent, KNOWN)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    recorded = read_results(tmp_path / "none", KNOWN)
    assert (recorded.runs, recorded.unreadable, recorded.measured()) == ((), (), {})
    assert recorded.verdict().exit_code is ExitCode.NO_DATA


def test_the_latest_of_each_scenario_counts(tmp_path: Path) -> None:
    write_run(tmp_path, [HEALTH, row("baseline", SLOW)], 1)
    write_run(tmp_path, [HEALTH, row("baseline")], 2)
    write_run(tmp_path, [HEALTH, row("e2e-latency")], 0)
    measured = read_results(tmp_path, KNOWN).measured()
    assert set(measured) == {"baseline", "e2e-latency"}
    assert measured["baseline"].run.manifest.run_id == run_id(2)
    assert read_results(tmp_path, KNOWN).verdict().exit_code is ExitCode.PASS


def test_the_health_check_shows_where_nothing_else_does_or_where_it_failed(tmp_path: Path) -> None:
    write_run(tmp_path / "alone", [HEALTH])
    assert list(read_results(tmp_path / "alone", KNOWN).measured()) == ["health-check"]
    write_run(tmp_path / "failed", [gone("health-check"), gone("baseline")])
    assert list(read_results(tmp_path / "failed", KNOWN).measured()) == ["health-check", "baseline"]


def test_a_scenario_that_was_not_run_has_its_reason_from_the_runs_verdict(tmp_path: Path) -> None:
    read = read_run(write_run(tmp_path, [HEALTH, gone("baseline")]), KNOWN)
    assert read.rows[1].verdict == gone("baseline").verdict


def test_a_run_that_was_killed_is_no_pass(tmp_path: Path) -> None:
    rows = [HEALTH, row("baseline")]
    path = write_run(tmp_path, rows, 0, manifest(rows, status=RunStatus.RUNNING))
    (path / "verdict.json").unlink()
    (path / "baseline" / "verdict.json").unlink()
    recorded = read_results(tmp_path, KNOWN)
    assert recorded.runs[0].rows[1].verdict.exit_code is ExitCode.NO_DATA
    assert recorded.verdict().exit_code is ExitCode.INTERRUPTED


def edit(file: str, **changes: object) -> Callable[[Path], object]:
    return lambda run: spoil(run / file, **changes)


def write(file: str, content: bytes) -> Callable[[Path], object]:
    return lambda run: (run / file).write_bytes(content)


def edit_machine(**changes: object) -> Callable[[Path], object]:
    machine = {**msgspec.to_builtins(MACHINE), **changes}

    def spoiled(run: Path) -> None:
        # msgspec writes no integer of more than 64 bits; whoever makes one up has no such scruples.
        content = {**json.loads((run / "run.json").read_bytes()), "machine": machine}
        (run / "run.json").write_text(json.dumps(content), encoding="utf-8")

    return spoiled


def no_verdict_but_a_pass(run: Path) -> None:
    (run / "health-check" / "verdict.json").unlink()


def link(run: Path) -> None:
    (run / "run.json").rename(run / "elsewhere.json")
    (run / "run.json").symlink_to(run / "elsewhere.json")


LIMIT: dict[str, Any] = {
    "metric": "cdc_e2e_latency",
    "stat": "p95",
    "operator": "<=",
    "limit": 2000,
    "observed": 10,
    "samples": 100,
    "samples_needed": 60,
    "ok": True,
}
BASELINE = "baseline/verdict.json"
PASS = {"verdict": "PASS", "exit_code": 0, "reasons": []}


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (lambda run: (run / "run.json").unlink(), "run.json is missing"),
        (link, "run.json is missing"),
        (write("run.json", b"{"), "run.json is invalid"),
        (write("run.json", b"\xff\xfe"), "run.json is invalid"),
        (write("run.json", b"[" * 100_000), "run.json is invalid"),
        (write("run.json", b" " * 2_000_001), "run.json is larger than 2,000,000 bytes"),
        (edit("run.json", schema_version=2), "schema version 2"),
        (edit("run.json", run_id="../../x"), "has no valid run id"),
        (edit_machine(memory=10**400), "run.json contains an impossible number"),
        (edit_machine(cores=10**16), "run.json contains an impossible number"),
        (edit("run.json", scenarios=[]), "must name known scenarios"),
        (edit(BASELINE, schema_version=9), "schema version 9"),
        (edit(BASELINE, surprise=1), "unknown field `surprise`"),
        (edit(BASELINE, scenario="e2e-latency"), "belongs to another scenario"),
        (edit(BASELINE, verdict="PASS"), "has a verdict that contradicts its exit code"),
        (
            edit(BASELINE, verdict="INVALID", exit_code=2),
            "has a verdict that contradicts its exit code",
        ),
        (edit(BASELINE, **PASS), "says PASS without evidence that every threshold and gate holds"),
        (
            edit(BASELINE, **PASS, thresholds=[{**LIMIT, "samples": 59}]),
            "says PASS without evidence that every threshold and gate holds",
        ),
        (
            edit(BASELINE, thresholds=[{**LIMIT, "observed": 1e300}]),
            "contains an impossible number",
        ),
        (edit(BASELINE, reasons="text"), "is invalid"),
        (no_verdict_but_a_pass, "health-check passed but has no verdict.json"),
    ],
)
def test_what_contradicts_itself_is_refused(
    run: Path, spoiled: Callable[[Path], object], said: str
) -> None:
    spoiled(run)
    with pytest.raises(UnreadableRun) as raised:
        read_run(run, KNOWN)
    assert said in str(raised.value)


def test_a_number_that_is_none_is_refused(run: Path) -> None:
    path = run / "baseline" / "summary.json"
    path.write_bytes(path.read_bytes().replace(b"36.4", b"1e300").replace(b"1200.0", b"1e300"))
    with pytest.raises(UnreadableRun, match="contains an impossible number"):
        read_run(run, KNOWN)


def test_a_scenario_that_there_is_not_is_refused(run: Path) -> None:
    with pytest.raises(UnreadableRun, match="must name known scenarios"):
        read_run(run, ("health-check",))


def test_other_folders_are_not_looked_at(run: Path) -> None:
    for name in ("logs", "latest-not", f"{run.name}x"):
        (run.parent / name).mkdir()
    os.mkfifo(run.parent / run_id(9))
    assert len(read_results(run.parent, KNOWN).runs) == 1
