import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import filelock
import platformdirs
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.tools import cache as module
from cdc_perf.tools.cache import Cache, Note, Tool
from cdc_perf.tools.install import install_all, key_of

_DIGEST = "0123456789ab"


def tool(
    name: str = "tool",
    build: Callable[[Path], None] = lambda folder: (folder / "content").touch(),
    needs: tuple[Tool, ...] = (),
) -> Tool:
    def fill(folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        build(folder)

    return Tool(name, "1.0", f"{name}-1.0-{_DIGEST}", 1, fill, needs)


def names(cache: Cache) -> set[str]:
    return {path.name for path in cache.root.iterdir()}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "new" / "cache")


def test_a_tool_is_built_once_with_the_folders_of_what_it_needs(cache: Cache) -> None:
    builds: list[Mapping[str, Path]] = []
    lines: list[str] = []

    def fill(folder: Path, needs: Mapping[str, Path], note: Note) -> None:
        assert not list(folder.iterdir())
        (folder / "content").touch()
        builds.append(needs)
        note("half of it")

    needed = tool("needed")
    wanted = Tool("wanted", "1.0", f"wanted-{_DIGEST}", 1, fill, (needed,))
    assert not cache.has(wanted)
    folder = cache.install(wanted, lines.append)
    assert cache.install(wanted, lines.append) == folder == cache.path(wanted)
    assert cache.has(wanted)
    assert (folder / "content").exists()
    assert folder.stat().st_mode & 0o777 == 0o755
    assert builds == [{"needed": cache.path(needed)}]
    assert lines == ["half of it"]


@pytest.mark.parametrize(
    "error", [StackFailure("no network"), KeyboardInterrupt()], ids=["a failure", "Ctrl-C"]
)
def test_a_build_that_fails_leaves_nothing_under_the_tools_name(
    cache: Cache, error: BaseException
) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise error

    with pytest.raises(type(error)):
        cache.install(tool(build=fail), print)
    assert names(cache) <= {f"tool-1.0-{_DIGEST}.lock"}
    assert cache.install(tool(), print).is_dir()


def test_what_a_killed_build_left_is_cleared(cache: Cache) -> None:
    leftover = cache.root / f"tool-1.0-{_DIGEST}.partial-x" / "half"
    leftover.mkdir(parents=True)
    cache.install(tool(), print)
    assert not leftover.exists()
    assert not [name for name in names(cache) if "partial" in name]


def test_of_two_that_need_a_tool_one_builds_and_the_other_waits(cache: Cache) -> None:
    begun, go_on = Event(), Event()
    builds: list[str] = []

    def slow(folder: Path) -> None:
        builds.append("first")
        begun.set()
        assert go_on.wait(60)
        (folder / "content").touch()

    def second(_folder: Path) -> None:
        builds.append("second")

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(cache.install, tool(build=slow), print)
        assert begun.wait(60)
        other = pool.submit(cache.install, tool(build=second), print)
        assert not cache.has(tool())
        go_on.set()
        assert one.result() == other.result()
    assert builds == ["first"]


def test_a_build_that_never_ends_is_reported_to_the_waiting_command(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0)
    cache.root.mkdir(parents=True)
    with (
        filelock.FileLock(cache.root / f"tool-1.0-{_DIGEST}.lock"),
        ThreadPoolExecutor(1) as pool,
        pytest.raises(StackFailure, match="another process is still building tool"),
    ):
        pool.submit(cache.install, tool(), print).result()


def test_a_folder_that_cannot_be_written_to_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackFailure) as caught:
        Cache(tmp_path / "file" / "cache").install(tool(), print)
    assert f"into the tool cache {tmp_path}/file/cache" in caught.value.message
    assert "CDC_PERF_CACHE" in caught.value.hint


def test_a_full_disk_during_a_build_is_reported_as_such(cache: Cache) -> None:
    def fill(_folder: Path) -> None:
        raise StackFailure("it broke", detail=("cause: No space left on device (os error 28)",))

    with pytest.raises(StackFailure) as caught:
        cache.install(tool(build=fill), print)
    assert str(caught.value).startswith(
        f"cannot install tool into the tool cache {cache.root}: No space left on device\n"
    )
    assert "CDC_PERF_CACHE" in caught.value.hint


def test_a_full_disk_is_a_failure_that_leaves_nothing(cache: Cache) -> None:
    def fill(_folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StackFailure, match="No space left on device"):
        cache.install(tool(build=fill), print)
    assert not cache.has(tool())


@pytest.mark.parametrize(
    ("given", "euid", "root"),
    [
        ("/somewhere", 1000, "/somewhere"),
        ("~/cache", 0, "/home/someone/cache"),
        ("", 0, "site/cdc-perf"),
        (None, 0, "site/cdc-perf"),
        (None, 1000, "user/cdc-perf"),
    ],
)
def test_the_folder_is_the_given_one_else_the_platforms(
    monkeypatch: pytest.MonkeyPatch, given: str | None, euid: int, root: str
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("CDC_PERF_CACHE", raising=False)
    if given is not None:
        monkeypatch.setenv("CDC_PERF_CACHE", given)
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setattr(platformdirs, "site_cache_path", lambda name: Path("site", name))
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: Path("user", name))
    assert Cache.of_environment().root == Path(root)


def test_clearing_frees_what_is_ours_and_nothing_else(cache: Cache) -> None:
    def kilobyte(folder: Path) -> None:
        (folder / "content").write_bytes(b"x" * 1024)

    cache.install(tool(build=kilobyte), print)
    (cache.root / f"tool-1.0-{_DIGEST}.partial-x").mkdir()
    cache.go_objects.mkdir(parents=True)
    (cache.go_objects / "object").write_bytes(b"x" * 1024)
    for name in ("uv.lock", "uv-notes", f"tool-1.0-{_DIGEST}-mine", ".lock"):
        (cache.root / name).touch()
    assert cache.clear() == 2048
    assert names(cache) == {"uv.lock", "uv-notes", f"tool-1.0-{_DIGEST}-mine", ".lock"}
    assert cache.clear() == 0
    for path in cache.root.iterdir():
        path.unlink()
    cache.install(tool("last"), print)
    cache.clear()
    assert not cache.root.exists()


def aged(cache: Cache, kept: Tool, days: float) -> None:
    """Make a tool, and let it be unused for some days."""
    cache.install(kept, print)
    then = time.time() - days * 24 * 60 * 60
    for path in (cache.path(kept), cache.root / f"{kept.key}.lock"):
        os.utime(path, (then, then))


def test_what_is_not_needed_and_was_not_used_for_a_day_is_removed(cache: Cache) -> None:
    needed, old, recent = tool("needed"), tool("old"), tool("recent")
    for each, days in ((needed, 30), (old, 2), (recent, 0.5)):
        aged(cache, each, days)
    (cache.root / "others").mkdir()
    (cache.root / "others.lock").touch()
    cache.go_objects.mkdir(parents=True)
    cache.prune([needed])
    assert (cache.has(needed), cache.has(old), cache.has(recent)) == (True, False, True)
    assert {"others", "others.lock", "go"} <= names(cache)
    assert not [name for name in names(cache) if name.startswith("old-")]


def test_a_tool_that_is_used_is_not_old(cache: Cache) -> None:
    used = tool("used")
    aged(cache, used, 30)
    install_all(cache, [used])
    cache.prune([])
    assert cache.has(used)


def test_what_go_left_is_removed_once_it_is_too_large(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (cache.go_modules, cache.go_objects):
        folder.mkdir(parents=True)
        (folder / "content").write_bytes(b"x" * 100)
    monkeypatch.setattr(module, "_MOST_GO_BYTES", 150)
    assert cache.prune([]) == 200
    assert not cache.go_modules.exists()
    assert not cache.go_objects.exists()


def test_the_key_of_tools_changes_with_any_that_they_are_built_with() -> None:
    def k6(go: str) -> Tool:
        return tool("k6", needs=(replace(tool("go"), key=f"go-{go}-{_DIGEST}"),))

    assert key_of([k6("1.26")]) == key_of([k6("1.26")])
    assert key_of([k6("1.26")]) != key_of([k6("1.27")])
    assert key_of([k6("1.26")]) != key_of([replace(k6("1.26"), key=f"k6-2-{_DIGEST}")])
    assert key_of([tool("a"), tool("b")]) == key_of([tool("b"), tool("a")])
