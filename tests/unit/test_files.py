import os
from pathlib import Path

import pytest

from cdc_perf.files import PRIVATE, write_atomically


@pytest.mark.parametrize(
    ("content", "mode"), [("text äö\n", 0o644), (b"\x00bytes", 0o600)], ids=["text", "bytes"]
)
def test_a_file_is_written_with_its_folder_and_mode(
    tmp_path: Path, content: str | bytes, mode: int
) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomically(path, content, mode=mode)
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert path.stat().st_mode & 0o777 == mode
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_when_writing_fails_the_old_file_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", full) if step == "fsync" else (Path, "replace", full)))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    seen: list[str] = []
    sync = os.fsync

    def look(descriptor: int) -> None:
        seen.append(path.read_text(encoding="utf-8"))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_atomically(path, "new")
    assert [*seen, path.read_text(encoding="utf-8")] == ["old", "new"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_has_the_permissions_that_the_umask_leaves(
    tmp_path: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", "text")
        write_atomically(tmp_path / "secret", "text", mode=PRIVATE)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
    assert (tmp_path / "secret").stat().st_mode & 0o777 == PRIVATE
