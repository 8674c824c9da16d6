"""Verdicts of schema version 1, whose reasons are strings, are still read."""

from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.reason import Reason, texts
from cdc_perf.runs.decode import decode
from cdc_perf.runs.loader import UnreadableRun, read_run
from cdc_perf.runs.run_data import read_run_data, with_units
from cdc_perf.verdict.records import SCHEMA_VERSION, RunVerdict, ScenarioVerdict
from tests.unit.recorded_runs import SLOW, gone, row, spoil, write_run
from tests.unit.series_files import load, series_of

KNOWN = ("health-check", "baseline", "spike")
LATE = "cdc_e2e_latency p95 was 2,310 ms over 540 samples; the limit is 2,000 ms"
REST = "not run: the stack is gone"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a run folder as version 1 wrote it: one scenario failed, the other did not run."""
    folder = write_run(tmp_path, [row("baseline", SLOW), gone("spike")])
    series_of(folder / "baseline" / "series.parquet", load(5))
    spoil(
        folder / "verdict.json", schema_version=1, reasons=[f"baseline: {LATE}", f"spike: {REST}"]
    )
    path = folder / "baseline" / "verdict.json"
    content = msgspec.json.decode(path.read_bytes())
    thresholds = [
        {key: value for key, value in each.items() if key != "unit"}
        for each in content["thresholds"]
    ]
    spoil(path, schema_version=1, reasons=[LATE], thresholds=thresholds)
    return folder


def test_a_string_becomes_a_reason_without_a_code(old: Path) -> None:
    verdict = decode((old / "baseline" / "verdict.json").read_bytes(), ScenarioVerdict)
    assert verdict.reasons == (Reason(code="", params={}, text=LATE),)
    assert verdict.schema_version == SCHEMA_VERSION
    assert (verdict.exit_code, len(verdict.thresholds)) == (ExitCode.FAIL, 1)


def test_an_old_run_is_read_strictly(old: Path) -> None:
    baseline, spike = read_run(old, KNOWN).rows
    assert texts(baseline.verdict.reasons) == (LATE,)
    # Its reason is in the verdict on the run, behind its name.
    assert (spike.verdict.exit_code, texts(spike.verdict.reasons)) == (ExitCode.STACK, (REST,))


def test_an_old_run_is_read_leniently_and_nothing_is_missing(old: Path) -> None:
    found = read_run_data(old)
    assert found.missing == ()
    assert found.verdict is not None
    assert texts(found.verdict.reasons) == (f"baseline: {LATE}", f"spike: {REST}")


@pytest.mark.parametrize("kind", [ScenarioVerdict, RunVerdict])
@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[1]",
        b'{"schema_version": 1}',
        b'{"schema_version": 1, "reasons": [1]}',
        b'{"schema_version": 1, "reasons": "text"}',
        b'{"schema_version": 1, "reasons": [{"code": "", "params": {}, "text": ""}]}',
    ],
)
def test_what_is_no_verdict_is_refused(
    content: bytes, kind: type[ScenarioVerdict | RunVerdict]
) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(content, kind)


def test_each_version_has_its_own_reasons_alone(old: Path) -> None:
    spoil(old / "baseline" / "verdict.json", schema_version=2)
    with pytest.raises(UnreadableRun, match="is invalid"):
        read_run(old, KNOWN)


def test_the_reason_of_a_scenario_without_files_keeps_its_code(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline"), gone("spike")])
    (_, spike) = read_run(folder, KNOWN).rows
    assert spike.verdict.reasons == gone("spike").verdict.reasons


def test_a_threshold_of_an_old_run_gets_the_unit_of_its_metric(old: Path) -> None:
    (baseline, _) = with_units(read_run_data(old), {"cdc_e2e_latency": "s"}).scenarios
    assert baseline.verdict is not None
    assert [each.unit for each in baseline.verdict.thresholds] == ["s"]


def test_a_growth_of_an_old_run_is_per_hour(old: Path) -> None:
    path = old / "baseline" / "verdict.json"
    (threshold,) = msgspec.json.decode(path.read_bytes())["thresholds"]
    growth = {**threshold, "metric": "memory_consumer", "stat": "growth_per_hour"}
    spoil(path, thresholds=[growth])
    for units, unit in (({"memory_consumer": "B"}, "B/h"), ({}, "")):
        (baseline, _) = with_units(read_run_data(old), units).scenarios
        assert baseline.verdict is not None
        assert [each.unit for each in baseline.verdict.thresholds] == [unit]


def test_a_unit_in_the_file_is_kept(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline")])
    (baseline,) = with_units(read_run_data(folder), {"cdc_e2e_latency": "s"}).scenarios
    assert baseline.verdict is not None
    assert [each.unit for each in baseline.verdict.thresholds] == ["ms"]
