"""A folder of ours in a folder that others may write to."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.files import is_own_folder, own_folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder like /tmp: everybody may write to it, and only owners may rename."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_a_new_folder_is_its_owners_alone_and_is_taken_again(shared: Path) -> None:
    folder = shared / "ours"
    own_folder(folder)
    assert folder.stat().st_mode & 0o7777 == 0o700
    own_folder(folder)
    assert is_own_folder(folder)


def _link(path: Path) -> None:
    (path.parent / "target").mkdir()
    path.symlink_to(path.parent / "target")


def _dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def _open(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


@pytest.mark.parametrize("plant", [_link, _dangling_link, _open, Path.touch])
def test_what_another_user_may_have_put_there_is_refused_and_left_alone(
    shared: Path, plant: Callable[[Path], None]
) -> None:
    folder = shared / "ours"
    plant(folder)
    before = folder.lstat()
    with pytest.raises(StackFailure):
        own_folder(folder)
    assert not is_own_folder(folder)
    after = folder.lstat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)


def test_a_folder_of_another_user_is_refused(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shared / "ours"
    own_folder(folder)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(StackFailure):
        own_folder(folder)


def test_a_folder_in_which_others_can_rename_is_refused(shared: Path) -> None:
    shared.chmod(0o777)
    with pytest.raises(StackFailure):
        own_folder(shared / "ours")
    assert not (shared / "ours").exists()
