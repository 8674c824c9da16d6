from pathlib import Path

import pytest

from cdc_perf.ci.drift import GeneratedFiles, find_drift, write
from cdc_perf.ci.emit import FOLDER, HEADER
from cdc_perf.errors import UsageFailure

ONE, TWO = f"{FOLDER}/one.yml", f"{FOLDER}/two.yml"
WANTED = GeneratedFiles(
    wanted={ONE: f"{HEADER}\none: 1\n", TWO: f"{HEADER}\ntwo: 2\n"},
    suffixes=(".yml", ".yaml"),
    mark=HEADER,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, WANTED)
    return tmp_path


def test_what_was_written_has_no_drift(root: Path) -> None:
    assert not find_drift(root, WANTED)
    assert write(root, WANTED) == ()


def test_an_edit_shows_as_a_difference(root: Path) -> None:
    (root / ONE).write_text(f"{HEADER}\none: 11\n", encoding="utf-8")
    lines = find_drift(root, WANTED).lines()
    assert lines[:2] == (f"--- {ONE} (on disk)", f"+++ {ONE} (generated)")
    assert {"-one: 11", "+one: 1"} <= set(lines)
    assert write(root, WANTED) == (f"{ONE}: written",)


def test_a_file_that_is_missing_is_seen_and_made(root: Path) -> None:
    (root / TWO).unlink()
    assert find_drift(root, WANTED).lines() == (f"{TWO}: missing",)
    write(root, WANTED)
    assert not find_drift(root, WANTED)


@pytest.mark.parametrize("name", ["old.yml", "old.yaml"])
def test_a_file_that_nothing_generates_any_more_is_seen_and_removed(root: Path, name: str) -> None:
    orphan = root / FOLDER / name
    orphan.write_text(f"{HEADER}\n", encoding="utf-8")
    assert "obsolete: nothing generates it" in find_drift(root, WANTED).lines()[0]
    assert write(root, WANTED) == (f"{FOLDER}/{name}: removed",)
    assert not orphan.exists()


def test_a_workflow_written_by_hand_is_left_alone(root: Path) -> None:
    other = root / FOLDER / "theirs.yml"
    other.write_text("name: theirs\n", encoding="utf-8")
    assert not find_drift(root, WANTED)
    assert write(root, WANTED) == ()
    assert other.exists()


def test_in_an_empty_checkout_everything_is_missing(tmp_path: Path) -> None:
    assert find_drift(tmp_path, WANTED).missing == (ONE, TWO)


def test_a_file_that_is_no_text_is_a_line(root: Path) -> None:
    (root / ONE).write_bytes(b"\xff")
    with pytest.raises(UsageFailure, match=r"one\.yml cannot be read"):
        find_drift(root, WANTED)
