"""What a run leaves beside the files of its scenarios."""

from datetime import timedelta
from pathlib import Path

import pytest

from cdc_perf.load.run import LoadResult
from cdc_perf.perf.record import with_scenario_result, write_run_files
from cdc_perf.results import history
from cdc_perf.results.history import read_history_file
from cdc_perf.results.manifest import RunStatus
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.verdict.judge import judge_run
from tests.unit.measured import NOW, event
from tests.unit.recorded_runs import manifest, row

ROWS = (row("health-check"), row("baseline"))


def test_a_result_belongs_to_its_scenario_alone() -> None:
    k6 = LoadResult(99, NOW, NOW + timedelta(minutes=1), 0.0, None)
    known = manifest(ROWS)
    updated = with_scenario_result(known, "baseline", k6, (event("kafka", "ended"),))
    first, second = updated.scenarios
    assert first == known.scenarios[0]
    assert (second.k6_exit_code, second.started, second.ended) == (99, NOW, k6.ended)
    assert [each.component for each in second.events] == ["kafka"]


@pytest.mark.parametrize("status", [RunStatus.COMPLETE, RunStatus.INTERRUPTED])
def test_only_a_complete_run_has_a_history(tmp_path: Path, status: RunStatus) -> None:
    known = manifest(ROWS, status=status)
    k6 = LoadResult(0, NOW, NOW, 0.0, None)
    known = with_scenario_result(known, "baseline", k6, ())
    folder = RunFolder(tmp_path / known.run_id)
    folder.path.mkdir()
    write_run_files(folder, known, judge_run([each.verdict for each in ROWS]), ROWS)
    assert folder.verdict.exists()
    assert folder.summary.exists()
    assert bool(read_history_file(tmp_path).entries) is (status is RunStatus.COMPLETE)


def test_a_history_that_cannot_be_written_takes_no_result_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history, "append", full)
    known = manifest(ROWS)
    folder = RunFolder(tmp_path / known.run_id)
    folder.path.mkdir()
    write_run_files(folder, known, judge_run([each.verdict for each in ROWS]), ROWS)
    assert folder.verdict.exists()
    assert progress == ["cannot write the history: No space left on device"]
