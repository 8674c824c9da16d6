"""`inv compare --pairs` and `inv history` as they are typed."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.perf import pairs
from cdc_perf.results.history import append
from cdc_perf.tools import change_points
from cdc_perf.tools.change_points import ChangePoint
from cdc_perf.verdict.turns import PairSide, Turn
from tests.unit.inv import inv
from tests.unit.results.test_history import entry

ROOT = Path(__file__).parents[3]
FIGURES = {"baseline e2e p95": 20.0}


pytestmark = pytest.mark.usefixtures("without_signals")


@pytest.fixture(autouse=True)
def results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))


def made(head: Callable[[int], Turn]) -> list[Turn]:
    """Return 12 pairs: a base that passes, and a head."""
    base = [Turn(n, PairSide.BASE, f"base-{n}", ExitCode.PASS, FIGURES) for n in range(1, 13)]
    return [*base, *map(head, range(1, 13))]


def same(number: int) -> Turn:
    return Turn(number, PairSide.HEAD, f"head-{number}", ExitCode.PASS, FIGURES)


def failing(number: int) -> Turn:
    return Turn(number, PairSide.HEAD, f"head-{number}", ExitCode.FAIL, FIGURES, ("baseline",))


def slower(number: int) -> Turn:
    return Turn(number, PairSide.HEAD, f"head-{number}", ExitCode.PASS, {"baseline e2e p95": 40.0})


def crashing(number: int) -> Turn:
    return Turn(number, PairSide.HEAD, "", ExitCode.LOAD)


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (same, ExitCode.PASS),
        (failing, ExitCode.FAIL),
        (slower, ExitCode.FAIL),
        (crashing, ExitCode.NO_DATA),
        (lambda n: crashing(n) if n == 5 else same(n), ExitCode.PASS),
        (lambda n: failing(n) if n == 5 else same(n), ExitCode.FAIL),
        (lambda n: crashing(n) if n > 6 else same(n), ExitCode.NO_DATA),
    ],
    ids=["same", "fails", "slower", "crashes", "one crashes", "one fails", "half of them crash"],
)
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_what_a_comparison_in_turn_exits_with(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    head: Callable[[int], Turn],
    code: ExitCode,
    words: Sequence[str],
) -> None:
    monkeypatch.setattr(pairs, "measure_in_turn", lambda *_: made(head))
    assert inv("compare", str(ROOT), str(ROOT), "--pairs", "12", *words) == code
    output = capsys.readouterr().out
    if words:
        assert json.loads(output)["exit_code"] == code


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
