import os
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from scripts.stack.local.leftovers import left_running

MYSELF = os.getpid()


def spawned(seconds_off: float = 0.0, pid: int = MYSELF) -> str:
    began = datetime.fromtimestamp(psutil.Process(MYSELF).create_time() + seconds_off)  # noqa: DTZ006 - as supervisord writes it
    return f"{began:%Y-%m-%d %H:%M:%S},123 INFO spawned: 'kafka' with pid {pid}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(spawned(), [MYSELF], id="it runs"),
        pytest.param(f"a line\n{spawned()}another\n", [MYSELF], id="among other lines"),
        pytest.param(spawned(-60), [], id="the id was used again"),
        pytest.param(spawned(60), [], id="the clock was set back"),
        pytest.param(spawned(pid=2**22 + 1), [], id="it is gone"),
        pytest.param(
            "2026-11-22 18:05:53,155 INFO supervisord started with pid 1\n", [], id="none"
        ),
        pytest.param("", [], id="nothing"),
    ],
)
def test_only_what_the_log_began_and_still_runs_is_ours(
    tmp_path: Path, text: str, found: list[int]
) -> None:
    log = tmp_path / "supervisord.log"
    log.write_text(text, encoding="utf-8")
    assert [process.pid for process in left_running(log)] == found


def test_without_a_log_nothing_is_left(tmp_path: Path) -> None:
    assert left_running(tmp_path / "supervisord.log") == ()
