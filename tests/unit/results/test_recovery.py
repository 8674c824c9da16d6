import json
from pathlib import Path

import msgspec
import pytest

from scripts.identity import ProcessIdentity
from scripts.results.recovery import recover

ALIVE = ProcessIdentity.own()
GONE = ProcessIdentity(2**22 + 1, ALIVE.created)


def leave_run(results: Path, name: str, status: str, process: ProcessIdentity) -> Path:
    folder = results / name
    (folder / "baseline").mkdir(parents=True)
    manifest = {"status": status, "process": msgspec.to_builtins(process), "kept": [1]}
    (folder / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("status", "process", "after"),
    [
        ("running", GONE, "interrupted"),
        ("running", ALIVE, "running"),
        ("complete", GONE, "complete"),
        ("interrupted", GONE, "interrupted"),
    ],
)
def test_only_a_run_that_nobody_works_on_is_marked(
    tmp_path: Path, status: str, process: ProcessIdentity, after: str
) -> None:
    folder = leave_run(tmp_path, "20261122T020000Z-aaaa", status, process)
    said: list[str] = []
    recover(tmp_path, said.append)
    manifest = json.loads((folder / "run.json").read_bytes())
    assert (manifest["status"], manifest["kept"]) == (after, [1])
    assert bool(said) == (status != after)


def test_the_record_of_a_k6_that_is_gone_is_removed(tmp_path: Path) -> None:
    folder = leave_run(tmp_path, "20261122T020000Z-aaaa", "running", GONE)
    record = folder / "baseline" / "k6.process.json"
    record.write_bytes(msgspec.json.encode(GONE))
    recover(tmp_path, lambda _line: None)
    assert not record.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"status": "running"}'])
def test_a_manifest_that_cannot_be_read_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "run.json").write_text(content, encoding="utf-8")
    recover(tmp_path, pytest.fail)
    assert (tmp_path / "x" / "run.json").read_text(encoding="utf-8") == content


def test_without_a_results_folder_there_is_nothing_to_recover(tmp_path: Path) -> None:
    recover(tmp_path / "none", pytest.fail)
