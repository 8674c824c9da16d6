import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.terminal import ProgressHandler
from cdc_perf.tools import install as module
from cdc_perf.tools.cache import Cache, Note, Tool
from cdc_perf.tools.install import closure, install_all, missing

Build = Callable[[Path, Mapping[str, Path], Note], None]


def nothing(_folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
    """Build an empty tool."""


def tool(name: str, *needs: Tool, build: Build = nothing) -> Tool:
    return Tool(name, "1.0", f"{name}-0123456789ab", 1, build, needs)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def keys(tools: tuple[Tool, ...]) -> list[str]:
    return [tool.name for tool in tools]


JAVA = tool("java")
KAFKA = tool("kafka")
STORAGE = tool("storage", JAVA, KAFKA)
CACHES = tool("caches", STORAGE, JAVA)


def test_what_a_tool_needs_comes_before_it_and_once() -> None:
    found = keys(closure([CACHES, KAFKA, CACHES]))
    assert sorted(found) == ["caches", "java", "kafka", "storage"]
    assert found[2:] == ["storage", "caches"]


def test_only_what_is_not_there_is_missing(cache: Cache) -> None:
    cache.install(JAVA, print)
    assert sorted(keys(missing(cache, [CACHES]))) == ["caches", "kafka", "storage"]


def test_every_tool_is_built_after_those_that_it_needs(cache: Cache, progress: list[str]) -> None:
    def needing(folder: Path, needs: Mapping[str, Path], _note: Note) -> None:
        assert all(needed.is_dir() for needed in needs.values())
        (folder / "built").touch()

    storage = tool("storage", JAVA, KAFKA, build=needing)
    caches = tool("caches", storage, JAVA, build=needing)
    install_all(cache, [caches])
    assert not missing(cache, [caches])
    assert progress[0].startswith("installing ")
    assert progress[0].endswith(f" into {cache.root} (first use only)")
    assert {line.split(" installed in ")[0] for line in progress[1:]} == {
        *("java", "kafka", "storage", "caches")
    }
    assert (
        progress.index(next(line for line in progress if line.startswith("caches installed"))) == 4
    )


def test_when_all_is_there_nothing_is_reported_or_done(cache: Cache, progress: list[str]) -> None:
    install_all(cache, [CACHES])
    progress.clear()
    install_all(cache, [CACHES])
    assert progress == []


def test_tools_that_do_not_need_each_other_are_got_side_by_side(cache: Cache) -> None:
    together = Barrier(2, timeout=60)

    def meet(_folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        together.wait()

    install_all(cache, [tool("one", build=meet), tool("other", build=meet)])


def test_a_failure_ends_the_others_and_keeps_what_is_whole(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Event()
    monkeypatch.setattr(process, "kill_all", ended.set)

    def fail(_folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        raise StackFailure("no network")

    def run_until_killed(_folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        assert ended.wait(60)
        raise StackFailure("killed")

    whole = tool("whole")
    cache.install(whole, print)
    failing, running = tool("failing", whole, build=fail), tool("running", build=run_until_killed)
    after = tool("after", failing)
    with pytest.raises(StackFailure, match="no network"):
        install_all(cache, [after, running])
    assert sorted(keys(missing(cache, [after, running]))) == ["after", "failing", "running"]
    assert cache.has(whole)


def test_the_output_of_a_command_does_not_end_a_build(cache: Cache) -> None:
    waiting, cancelled = Event(), Event()
    raised: list[Exception] = []

    def failing(_folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        assert waiting.wait(10)
        raise StackFailure("no room")

    def with_command(_folder: Path, _needs: Mapping[str, Path], note: Note) -> None:
        def read_output() -> None:
            waiting.set()
            assert cancelled.wait(10)
            try:
                note("1 of 2 compiled")
            except StackFailure as error:
                raised.append(error)

        reader = Thread(target=read_output)
        reader.start()
        reader.join()
        note("2 of 2 compiled")

    def cancel(_command: object = None) -> None:
        cancelled.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "kill_all", cancel)
        with pytest.raises(StackFailure, match="no room"):
            install_all(cache, [tool("java", build=failing), tool("k6", build=with_command)])
    assert raised == []


def test_what_is_slow_tells_how_far_it_is(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPORT_SECONDS", 0.01)
    told = Event()

    def slow(_folder: Path, _needs: Mapping[str, Path], note: Note) -> None:
        note("3 of 103 jars")
        assert told.wait(60)

    def listen(line: str) -> None:
        if line == "kafka: 0 s, 3 of 103 jars":
            told.set()

    logging.getLogger("cdc_perf").addHandler(ProgressHandler(listen))
    install_all(cache, [tool("kafka", build=slow)])
    assert told.is_set()
