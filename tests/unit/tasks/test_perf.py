"""What `inv perf` prints and exits with after a run, without running one."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.perf import generator, runner
from cdc_perf.perf.runner import RunResult
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.settings.paths import Checkout
from cdc_perf.tasks import context
from cdc_perf.verdict.judge import judge_run
from tests.unit.inv import inv
from tests.unit.recorded_runs import FAST, SLOW, row, run_id
from tests.unit.runs_in_history import finished

pytestmark = pytest.mark.usefixtures("without_signals")
SINCE = f"baseline since {run_id(0)} (1 hour earlier, "
Perf = Callable[..., str]


@pytest.fixture
def perf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Perf:
    """`inv perf` whose run is a slow one after a fast one; returns what it prints."""
    finished(tmp_path, [row("baseline", FAST)], 0)
    rows = (row("health-check"), row("baseline", SLOW))
    folder = RunFolder(finished(tmp_path, rows[1:], 1))
    result = RunResult(folder, judge_run([each.verdict for each in rows]), rows, ())
    here = SimpleNamespace(
        checkout=Checkout.here(),
        backend=SimpleNamespace(name="local"),
        cache=None,
        pipeline=None,
        why="",
        locked=nullcontext,
    )
    monkeypatch.setattr(context, "workspace", lambda _: here)
    monkeypatch.setattr(generator, "load_generator", lambda *_: None)
    monkeypatch.setattr(runner, "run_plan", lambda *_: result)

    def run(*words: str, terminal: bool = False) -> str:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        assert inv("perf", "--scenarios", "baseline", *words) == ExitCode.FAIL
        return capsys.readouterr().out

    return run


def test_a_terminal_shows_what_moved_and_the_verdict_is_still_the_last_line(perf: Perf) -> None:
    lines = perf(terminal=True).splitlines()
    (number,) = (n for n, line in enumerate(lines) if line.startswith(SINCE))
    assert "e2e p95 40 → 2,310 ms (+5675.0%)" in lines[number]
    assert "a difference can be noise" in lines[number + 1]
    assert lines[-1].endswith(f": exit {ExitCode.FAIL:d}")


def test_a_log_has_no_line_that_could_pass_for_a_finding(perf: Perf) -> None:
    output = perf()
    assert SINCE not in output
    assert "noise" not in output


@pytest.mark.parametrize("terminal", [True, False])
def test_json_has_it_everywhere(perf: Perf, terminal: bool) -> None:  # noqa: FBT001 - a parameter of the test
    content = json.loads(perf("--json", terminal=terminal))
    assert content["last_runs"]["baseline"]["run"] == run_id(0)
    assert content["last_runs"].keys() == {"baseline"}
    assert content["verdict"]["exit_code"] == ExitCode.FAIL
