"""`inv report` as it is typed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.comparison_folder import ComparisonFolder
from tests.unit.compared_runs import two_runs
from tests.unit.inv import inv
from tests.unit.points import Point, text_of
from tests.unit.recorded_comparisons import comparison
from tests.unit.recorded_runs import row, spoil, write_run
from tests.unit.series_files import LATENCY

EXPORTED = b'{"metrics": {"cdc_e2e_latency": {"avg": 5.0, "med": 5.0}}}'


pytestmark = pytest.mark.usefixtures("without_signals")


def test_a_folder_an_id_and_the_latest_are_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    folder = write_run(tmp_path, [row("baseline")])
    (tmp_path / "latest").symlink_to(folder.name)
    for run in (str(folder), folder.name, "latest"):
        assert inv("report", run) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines == [str(folder / "report.html"), str(folder / "junit.xml")]
        (folder / "report.html").unlink()
        (folder / "junit.xml").unlink()


def test_k6_s_files_are_named_by_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points, summary = tmp_path / "points.json", tmp_path / "summary.json"
    points.write_bytes(text_of([Point(LATENCY, 5.0, 0, {})]))
    summary.write_bytes(EXPORTED)
    assert inv("report", "--points", str(points), "--summary", str(summary)) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'report.html'}\n"
    (tmp_path / "report.html").unlink()
    assert inv("report", "--points", str(points)) == ExitCode.USAGE
    assert "--summary FILE" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_a_comparison_of_two_versions_is_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    folder = ComparisonFolder.create(tmp_path, datetime.now(UTC))
    comparison(1.5).write(folder.record)
    for name in (folder.comparison_id, str(folder.path)):
        assert inv("report", name) == 0
        assert capsys.readouterr().out == f"{folder.report}\n"
        assert "worse" in folder.report.read_text(encoding="utf-8")
        folder.report.unlink()
    assert inv("report", folder.comparison_id, "--base", "latest") == ExitCode.USAGE
    assert "--base: a comparison of two versions has its base" in capsys.readouterr().err
    folder.record.write_text("{}", encoding="utf-8")
    assert inv("report", folder.comparison_id) == ExitCode.USAGE
    assert not folder.report.exists()


def test_what_is_no_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    assert inv("report", "nothing") == ExitCode.USAGE
    assert "RUN: 'nothing' is neither a run nor a folder" in capsys.readouterr().err


def test_an_earlier_run_is_a_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    base, head = two_runs(tmp_path)
    assert inv("report", head.name, "--base", base.name) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(head / "report.html")
    assert f"Compared with {base.name}" in (head / "report.html").read_text(encoding="utf-8")
    assert not (base / "report.html").exists()


def test_a_base_that_is_none_leaves_the_report_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    base, head = two_runs(tmp_path)
    other = write_run(tmp_path, [row("spike")], 2)
    spoil(base / "run.json", schema_version=99)
    for words, said in (
        (("nothing",), "--base: 'nothing' is neither a run nor a folder"),
        ((base.name,), "run.json has schema version 99"),
        ((other.name,), "the runs have no scenario in common: BASE has spike, HEAD has baseline"),
        ((base.name, "--summary", "x"), "--base: only runs can be compared, not k6's own files"),
    ):
        assert inv("report", head.name, "--base", *words) == ExitCode.USAGE
        assert said in capsys.readouterr().err
        assert not (head / "report.html").exists()
