"""The machine and the versions that a run records."""

import shutil
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.perf.environment import machine, versions
from cdc_perf.process import Completed

PROJECT = '[project]\nversion = "1.2.3"\n'


def test_the_machine_has_processors_and_memory() -> None:
    found = machine()
    assert found.cores > 0
    assert found.memory > 0
    assert found.python.startswith("3.")


@pytest.mark.parametrize(("status", "changed"), [("", False), (" M README.md", True)])
def test_a_checkout_with_changes_is_marked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    changed: bool,  # noqa: FBT001 - a case of the table
) -> None:
    def git(argv: list[str], **_: object) -> Completed:
        return Completed((), 0, "a" * 40 if "rev-parse" in argv else status, ())

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/git")
    monkeypatch.setattr(process, "run", git)
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    found = versions(tmp_path, "1.8.1", {"kafka": "4"})
    assert (found.project, found.commit, found.changed) == ("1.2.3", "a" * 40, changed)


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    found = versions(tmp_path, "1.8.1", {})
    assert (found.commit, found.changed) == ("", False)
