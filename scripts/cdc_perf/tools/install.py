"""Installs a set of tools, in parallel if possible, and reports progress."""

import graphlib
import hashlib
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.waiting import cancelled_by

_log = logging.getLogger(__name__)
_REPORT_SECONDS = 10.0
_KILL_SECONDS = 0.2


def missing(cache: Cache, tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Return those of the tools and their dependencies that are not in the cache."""
    return tuple(tool for tool in closure(tools) if not cache.has(tool))


def closure(tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Return the tools and their dependencies, each once, in build order."""
    by_key: dict[str, Tool] = {}

    def collect(tool: Tool) -> None:
        by_key[tool.key] = tool
        for needed in tool.needs:
            collect(needed)

    for tool in tools:
        collect(tool)
    graph = {key: {needed.key for needed in tool.needs} for key, tool in by_key.items()}
    return tuple(by_key[key] for key in graphlib.TopologicalSorter(graph).static_order())


def key_of(tools: Iterable[Tool]) -> str:
    """Return a key for a set of tools, 16 hex digits, that changes with any of their keys.

    Their keys depend on more than files, for example on the version of Go, which builds k6.
    """
    keys = "\n".join(sorted(tool.key for tool in closure(tools)))
    return hashlib.sha256(keys.encode()).hexdigest()[:16]


def install_all(cache: Cache, tools: Iterable[Tool]) -> None:
    """Install every tool that is missing; log each start and end, and every 10 s what is slow.

    Args:
        cache: The tool cache.
        tools: The tools; their dependencies are installed too.

    Raises:
        StackFailure: A tool failed; the others are ended.
    """
    tools = closure(tools)
    cache.mark_used(tools)
    wanted = {tool.key: tool for tool in missing(cache, tools)}
    if not wanted:
        return
    names = ", ".join(f"{tool.name} {tool.version}" for tool in wanted.values())
    _log.info(f"installing {names} into {cache.root} (first use only)")
    work = _Work(cache)
    sorter = graphlib.TopologicalSorter(
        {key: {n.key for n in tool.needs if n.key in wanted} for key, tool in wanted.items()}
    )
    sorter.prepare()
    running: dict[Future[Path], str] = {}
    pool = ThreadPoolExecutor(len(wanted))
    try:
        while sorter.is_active():
            for key in sorter.get_ready():
                running[pool.submit(work.install, wanted[key])] = key
            finished, _ = wait(running, timeout=_REPORT_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                key = running.pop(future)
                future.result()
                sorter.done(key)
            if not finished:
                work.report(wanted[key] for key in running.values())
    except BaseException:
        work.cancel()
        # Repeatedly, because a thread may be about to start a command.
        while running and wait(running, timeout=_KILL_SECONDS).not_done:
            process.kill_all()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class _Work:
    """The tools that are being built, their progress, and whether to stop."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._progress: dict[str, str] = {}
        self._started: dict[str, float] = {}
        self._cancelled = threading.Event()

    def install(self, tool: Tool) -> Path:
        builder = threading.get_ident()

        def note(line: str) -> None:
            # A build in this process, which cannot be killed like a command, ends here. The thread
            # that reads a command's output goes on: it would print a trace, and the command is
            # killed anyway.
            if self._cancelled.is_set() and threading.get_ident() == builder:
                raise StackFailure(f"the installation of {tool.name} was canceled")
            self._progress[tool.key] = line

        self._started[tool.key] = time.monotonic()
        with cancelled_by(self._cancelled):
            path = self._cache.install(tool, note, self._cancelled.is_set)
        _log.info(f"{tool.name} installed in {self._seconds(tool):.0f} s")
        return path

    def report(self, tools: Iterable[Tool]) -> None:
        for tool in tools:
            progress = self._progress.get(tool.key, "working")
            _log.info(f"{tool.name}: {self._seconds(tool):.0f} s, {progress}")

    def cancel(self) -> None:
        self._cancelled.set()
        process.kill_all()

    def _seconds(self, tool: Tool) -> float:
        return time.monotonic() - self._started[tool.key]
