import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from cdc_perf.lock import working_on
from cdc_perf.results.crashed_runs import recover


def leave_run(results: Path, status: str) -> Path:
    folder = results / "20261122T020000Z-aaaa"
    folder.mkdir()
    manifest = {"status": status, "kept": [1]}
    (folder / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("status", "worked_on", "after"),
    [
        ("running", "", "interrupted"),
        ("running", "held", "running"),
        ("complete", "", "complete"),
        ("interrupted", "", "interrupted"),
    ],
)
def test_only_a_run_without_a_command_at_work_is_marked(
    tmp_path: Path, status: str, worked_on: str, after: str, progress: list[str]
) -> None:
    folder = leave_run(tmp_path, status)
    with ExitStack() as held:
        if worked_on:
            held.enter_context(working_on(folder))
        recover(tmp_path)
    manifest = json.loads((folder / "run.json").read_bytes())
    assert (manifest["status"], manifest["kept"]) == (after, [1])
    assert bool(progress) == (status != after)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"status": "lost"}'])
def test_a_manifest_that_cannot_be_read_is_left_alone(
    tmp_path: Path, content: str, progress: list[str]
) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "run.json").write_text(content, encoding="utf-8")
    recover(tmp_path)
    assert len(progress) == 1
    assert (tmp_path / "x" / "run.json").read_text(encoding="utf-8") == content


def test_without_a_results_folder_there_is_nothing_to_recover(
    tmp_path: Path, progress: list[str]
) -> None:
    recover(tmp_path / "none")
    assert progress == []
