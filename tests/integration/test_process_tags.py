"""What was started for a folder is found and ended, whatever became of whoever started it."""

import sys
from pathlib import Path

import psutil

from cdc_perf import process, process_tags
from cdc_perf.waiting import NotReady, wait_until

PATIENT = "import time; time.sleep(600)"
DEAF = (
    "import pathlib, signal, time; signal.signal(15, signal.SIG_IGN);"
    "pathlib.Path('deaf').touch(); time.sleep(600)"
)


def leave(folder: Path, code: str = PATIENT) -> psutil.Process:
    """Start a process for a folder, let its parent end, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    known = set(process_tags.tagged_processes(folder))
    parent = (
        "import subprocess, sys; null = subprocess.DEVNULL; "
        f"subprocess.Popen([sys.executable, '-c', {code!r}], stdout=null, stderr=null)"
    )
    process.run([sys.executable, "-c", parent], cwd=folder, env=process_tags.tag(folder))
    (orphan,) = set(process_tags.tagged_processes(folder)) - known
    return orphan


def test_an_orphan_is_found_and_ended(tmp_path: Path) -> None:
    orphan = leave(tmp_path)
    assert process_tags.tagged_processes(tmp_path) == (orphan,)
    assert process_tags.end_tagged_processes(tmp_path)
    assert not orphan.is_running()
    assert not process_tags.end_tagged_processes(tmp_path)


def test_what_was_started_for_a_folder_inside_counts_and_for_its_neighbour_does_not(
    tmp_path: Path,
) -> None:
    ours = leave(tmp_path / "run" / "baseline")
    theirs = leave(tmp_path / "run-2")
    try:
        assert process_tags.tagged_processes(tmp_path / "run") == (ours,)
        assert process_tags.end_tagged_processes(tmp_path / "run")
        assert not ours.is_running()
        assert theirs.is_running()
    finally:
        process_tags.end_tagged_processes(tmp_path / "run-2")


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    orphan = leave(tmp_path, DEAF)

    def deaf() -> None:
        if not (tmp_path / "deaf").exists():
            raise NotReady("it still listens")

    wait_until(deaf, what="the deaf one", deadline_seconds=30)
    assert process_tags.end_tagged_processes(tmp_path)
    assert not orphan.is_running()
