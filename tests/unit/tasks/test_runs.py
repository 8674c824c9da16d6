"""`inv compare` and `inv history` as they are typed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.history import append
from cdc_perf.tools import change_points
from cdc_perf.tools.change_points import ChangePoint
from tests.unit.inv import inv
from tests.unit.results.test_history import entry

pytestmark = pytest.mark.usefixtures("without_signals")


@pytest.fixture(autouse=True)
def results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))


def test_the_option_of_earlier_versions_names_its_replacement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert inv("compare", "main", "feature", "--pairs", "12") == ExitCode.USAGE
    assert "inv compare main feature --minutes" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["minutes", "effect", "rate"])
def test_a_malformed_option_is_refused_before_anything_starts(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inv("compare", "main", "feature", f"--{option}", "x") == ExitCode.USAGE
    assert f"--{option}" in capsys.readouterr().err


def test_a_history_in_which_one_run_has_no_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def find(
        _: object, __: object, series: Mapping[str, Sequence[float]]
    ) -> dict[str, list[ChangePoint]]:
        assert {len(values) for values in series.values()} == {23}
        return {name: [ChangePoint(11, 20.0, 40.0, 1e-9)] for name in series}

    monkeypatch.setattr(change_points, "find_change_points", find)
    for number in range(24):
        figures = {} if number == 4 else {"e2e p95": 20.0 if number < 12 else 40.0}
        append(tmp_path, [msgspec.structs.replace(entry(number), figures=figures)])
    with (tmp_path / "history.jsonl").open("ab") as stream:
        stream.write(b"{broken\n")
    assert inv("history", "baseline", "--json") == ExitCode.PASS
    content = json.loads(capsys.readouterr().out)
    (point,) = content["change_points"]["e2e p95"]
    assert point["run_id"] == "run-12"
    assert content["unreadable_lines"] == [25]
    assert len(content["runs"]) == 24


def test_a_history_of_nothing_but_broken_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "history.jsonl").write_bytes(b"{\n{\n")
    assert inv("history", "baseline") == ExitCode.USAGE
    assert "2" in capsys.readouterr().err
