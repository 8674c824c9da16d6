from pathlib import Path

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.lock import exclusive, is_worked_on, working_on


def test_a_second_holder_learns_who_the_first_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with (
        exclusive(path),
        pytest.raises(StackFailure, match=r"in use by `.*` \(process \d+\)"),
        exclusive(path),
    ):
        pass


def test_the_lock_is_free_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path / "lock"):
            pass


def test_a_holder_that_wrote_nothing_is_reported_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path):
        (tmp_path / "lock.holder").write_text("{", encoding="utf-8")
        with pytest.raises(StackFailure, match=r"^this pipeline is in use\n"), exclusive(path):
            pass


def test_a_folder_is_worked_on_for_as_long_as_it_is_held(tmp_path: Path) -> None:
    assert not is_worked_on(tmp_path)
    with working_on(tmp_path):
        assert is_worked_on(tmp_path)
    assert not is_worked_on(tmp_path)
    assert list(tmp_path.iterdir()) == []
