import re
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.results.run_folder import RunFolder, check_results_folder

NOW = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)


def test_a_run_id_is_utc_sortable_and_unique(tmp_path: Path) -> None:
    eastern = NOW.astimezone(timezone(timedelta(hours=9)))
    first = RunFolder.create(tmp_path / "results", eastern)
    second = RunFolder.create(tmp_path / "results", NOW)
    later = RunFolder.create(tmp_path / "results", NOW + timedelta(seconds=1))
    assert re.fullmatch(r"20261122T020000Z-[0-9a-f]{4}", first.run_id)
    assert first.run_id != second.run_id
    assert max(first.run_id, second.run_id) < later.run_id


def test_latest_points_at_the_run_that_was_said_to_be(tmp_path: Path) -> None:
    for second in range(2):
        folder = RunFolder.create(tmp_path, NOW + timedelta(seconds=second))
        folder.point_latest()
        assert (tmp_path / "latest").resolve() == folder.path
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} == set()


def test_a_results_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageFailure, match="RESULTS_DIR"):
        check_results_folder(tmp_path / "results")


def test_a_results_folder_on_a_full_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=99 * 1024**2))
    with pytest.raises(StackFailure, match=r"has 99\.0 MiB of free space; a run needs 100 MiB"):
        check_results_folder(tmp_path / "results")


def test_a_results_folder_is_created_and_ignored_by_git(tmp_path: Path) -> None:
    check_results_folder(tmp_path / "new" / "results")
    (file,) = (tmp_path / "new" / "results").iterdir()
    assert (file.name, file.read_text()) == (".gitignore", "*\n")
