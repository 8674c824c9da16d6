from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.init.folder import FolderChanges, folder_of

WANTED = {"pipeline.toml": "a = 1\nb = 2\n", "schema.sql": "SELECT 1;\n"}


def test_a_new_folder_is_written_as_a_whole(tmp_path: Path) -> None:
    changes = FolderChanges.of(tmp_path / "deep" / "shop", WANTED)
    assert (changes.new, changes.changed, changes.diff()) == (tuple(WANTED), (), "")
    written = changes.write()
    assert {path.name: path.read_text() for path in written} == WANTED
    again = FolderChanges.of(tmp_path / "deep" / "shop", WANTED)
    assert (again.new, again.changed, again.write()) == ((), (), ())


def test_a_changed_file_is_shown_as_a_diff_and_only_then_written(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.toml"
    path.write_text("a = 1\nb = 3\n")
    changes = FolderChanges.of(tmp_path, WANTED)
    assert (changes.new, changes.changed) == (("schema.sql",), ("pipeline.toml",))
    assert changes.diff().splitlines() == [
        f"--- {path}",
        f"+++ {path} (new)",
        "@@ -1,2 +1,2 @@",
        " a = 1",
        "-b = 3",
        "+b = 2",
    ]
    assert path.read_text() == "a = 1\nb = 3\n"
    assert [each.name for each in changes.write()] == ["schema.sql", "pipeline.toml"]
    assert path.read_text() == WANTED["pipeline.toml"]


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "thresholds.json").write_text("{}")
    FolderChanges.of(tmp_path, WANTED).write()
    assert (tmp_path / "thresholds.json").read_text() == "{}"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "shop").touch()
    with pytest.raises(UsageFailure, match="shop is not a folder"):
        FolderChanges.of(tmp_path / "shop", WANTED)


def test_a_folder_that_cannot_be_created() -> None:
    with pytest.raises(UsageFailure, match="--pipeline: /proc/shop cannot be created: "):
        FolderChanges.of(Path("/proc/shop"), WANTED).write()


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_bytes(b"\xff")
    with pytest.raises(UsageFailure, match=r"schema\.sql: cannot be read"):
        FolderChanges.of(tmp_path, WANTED)


@pytest.mark.parametrize(
    ("given", "database", "name"),
    [
        ("", "shop", "shop"),
        ("", "../Größe x", "___Größe_x"),
        ("ours/pipe", "shop", "ours/pipe"),
        ("../pipe", "shop", "../pipe"),
    ],
)
def test_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, database: str, name: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert folder_of(given, database) == (tmp_path / "here" / name).resolve()
