from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.report.html.build import restore_series, write_reports, write_reports_or_log
from cdc_perf.report.html.page import page
from cdc_perf.runs.run_data import read_run_data
from cdc_perf.runs.series import Series
from cdc_perf.verdict.verdict import Verdict
from tests.unit.points import write_points
from tests.unit.recorded_runs import SLOW, row, spoil, write_run
from tests.unit.report.html.parsed import parsed
from tests.unit.series_files import load, series_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rows = [row("baseline"), row("spike", SLOW)]
    folder = write_run(tmp_path, rows)
    for x in rows:
        series_of(folder / x.verdict.scenario / "series.parquet", load(5))
    return folder


def test_of_a_whole_run_nothing_is_missing(run: Path) -> None:
    material = read_run_data(run)
    assert material.missing == ()
    assert [each.name for each in material.scenarios] == ["baseline", "spike"]
    assert material.verdict is not None
    assert material.verdict.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("run.json", "run.json is missing"),
        (
            "verdict.json",
            "verdict.json is missing; the verdict shown is the worst of the scenarios",
        ),
        ("spike/verdict.json", "spike: verdict.json is missing"),
        ("spike/summary.json", "spike: k6 wrote no summary.json: see the end of k6.log"),
        ("spike/series.parquet", "spike: series.parquet is missing"),
    ],
)
def test_what_is_missing_is_named_and_the_rest_is_shown(run: Path, file: str, said: str) -> None:
    (run / file).unlink()
    material = read_run_data(run)
    assert said in material.missing
    text = parsed(page([material])).text
    assert said in text
    assert "Some files of the run are missing or cannot be read." in text
    assert "baseline PASS" in text


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"schema_version": 1}', b"\xff" * 9])
@pytest.mark.parametrize(
    "file", ["run.json", "verdict.json", "baseline/verdict.json", "baseline/summary.json"]
)
def test_a_broken_file_is_named_and_the_rest_is_shown(run: Path, file: str, content: bytes) -> None:
    (run / file).write_bytes(content)
    material = read_run_data(run)
    name = Path(file).name
    assert [fault for fault in material.missing if name in fault], material.missing
    assert "spike FAIL" in parsed(page([material])).text


def test_nothing_but_an_empty_folder_is_a_report_too(tmp_path: Path) -> None:
    material = read_run_data(tmp_path)
    assert material.verdict is not None
    assert material.verdict.exit_code is ExitCode.NO_DATA
    text = parsed(page([material])).text
    assert "run.json is missing" in text
    assert "the folder contains no scenario" in text
    assert "How to rerun Unknown: no run.json." in text


def test_an_older_schema_is_named_and_read_as_far_as_it_is_the_same(run: Path) -> None:
    spoil(run / "run.json", schema_version=0)
    content = msgspec.json.decode((run / "spike" / "verdict.json").read_bytes())
    del content["gates"]
    (run / "spike" / "verdict.json").write_bytes(
        msgspec.json.encode({**content, "schema_version": 0})
    )
    material = read_run_data(run)
    said = "(schema version 0; this report reads {})"
    assert f"run.json has another version {said.format(1)}" in material.missing
    assert f"spike: verdict.json is invalid {said.format(2)}" in material.missing[-1]
    assert material.manifest is not None
    assert material.scenarios[1].verdict is not None
    assert material.scenarios[1].verdict.exit_code is ExitCode.NO_DATA


def test_without_a_verdict_of_the_run_the_worst_of_its_scenarios_stands(run: Path) -> None:
    (run / "verdict.json").unlink()
    material = read_run_data(run)
    assert material.verdict is not None
    assert material.verdict.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exit_code": 5}, "has a verdict that contradicts its exit code"),
        (
            {"verdict": "PASS", "exit_code": 0},
            "says PASS without evidence that every threshold and gate holds",
        ),
        ({"scenario": "baseline"}, "belongs to another scenario"),
    ],
)
def test_a_verdict_that_contradicts_itself_is_none(
    run: Path, changes: dict[str, object], said: str
) -> None:
    spoil(run / "spike" / "verdict.json", **changes)
    (run / "verdict.json").unlink()
    material = read_run_data(run)
    assert f"spike: verdict.json {said}" in material.missing
    assert material.verdict is not None
    assert material.verdict.verdict is Verdict.NO_DATA


def test_a_run_that_passed_is_none_where_its_scenarios_do_not_show_it(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline"), row("spike")])
    (folder / "spike" / "verdict.json").unlink()
    material = read_run_data(folder)
    assert material.verdict is not None
    assert material.verdict.verdict is Verdict.NO_DATA
    said = "verdict.json says PASS, but the scenarios' files do not"
    assert said in material.missing


@pytest.mark.parametrize("code", [2, 5])
def test_a_run_does_not_end_with_what_no_run_ends_with(run: Path, code: int) -> None:
    spoil(run / "verdict.json", exit_code=code)
    material = read_run_data(run)
    assert material.verdict is not None
    assert material.verdict.verdict is Verdict.FAIL
    assert material.missing[0].startswith("verdict.json has an exit code that no run ends with")


def test_a_file_too_large_to_be_one_is_not_read(run: Path) -> None:
    (run / "run.json").write_bytes(b" " * 2_000_001)
    assert "run.json is larger than 2,000,000 bytes" in read_run_data(run).missing


def test_a_lost_series_is_made_again_of_the_points(run: Path) -> None:
    (run / "spike" / "series.parquet").unlink()
    write_points(run / "spike" / "points.json.gz", load(7))
    restore_series(run)
    series = read_run_data(run).scenarios[1].series
    assert isinstance(series, Series)
    assert series.length == 7


def test_points_that_are_none_make_no_series_and_no_fault(run: Path) -> None:
    (run / "spike" / "series.parquet").unlink()
    restore_series(run)
    assert not (run / "spike" / "series.parquet").exists()


def test_the_end_of_a_run_leaves_both_files(run: Path, progress: list[str]) -> None:
    write_reports_or_log(run)
    assert progress == []
    assert (run / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (run / "junit.xml").read_bytes().startswith(b"<?xml")


def test_a_report_that_cannot_be_built_is_a_line_and_no_failure(
    run: Path, monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    def broken(*_: object) -> str:
        raise RecursionError("too deep\nand more")

    monkeypatch.setattr("cdc_perf.report.html.build.page", broken)
    write_reports_or_log(run)
    assert progress == [f"no report: RecursionError: too deep; to retry: inv report {run.name}"]
    assert not (run / "report.html").exists()


def test_a_report_made_again_is_the_same(run: Path) -> None:
    report, results = write_reports(run)
    before = report.read_bytes(), results.read_bytes()
    write_reports(run)
    assert (report.read_bytes(), results.read_bytes()) == before
