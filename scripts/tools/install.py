"""Getting a set of tools: what can go side by side does, and people see what is going on."""

import graphlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from scripts import process
from scripts.tools.cache import Cache, Tool

_REPORT_SECONDS = 10.0


def missing(cache: Cache, tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Return those tools, and what they need, that are not in the cache yet."""
    return tuple(tool for tool in closure(tools) if not cache.has(tool))


def closure(tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Return the tools and all that they need, each once, in an order that can be built."""
    by_key: dict[str, Tool] = {}

    def collect(tool: Tool) -> None:
        by_key[tool.key] = tool
        for needed in tool.needs:
            collect(needed)

    for tool in tools:
        collect(tool)
    graph = {key: {needed.key for needed in tool.needs} for key, tool in by_key.items()}
    return tuple(by_key[key] for key in graphlib.TopologicalSorter(graph).static_order())


def install_all(cache: Cache, tools: Iterable[Tool], say: Callable[[str], None]) -> None:
    """Install every tool that is missing.

    Args:
        cache: Where to.
        tools: What is wanted; what they need comes with them.
        say: Takes a line for each start and end, and one every ten seconds for what is slow.

    Raises:
        StackFailure: One of them failed; the others are ended.
    """
    wanted = {tool.key: tool for tool in missing(cache, tools)}
    if not wanted:
        return
    names = ", ".join(f"{tool.name} {tool.version}" for tool in wanted.values())
    say(f"getting {names} into {cache.root} (once)")
    progress: dict[str, str] = {}
    started: dict[str, float] = {}

    def install(tool: Tool) -> Path:
        started[tool.key] = time.monotonic()
        return cache.install(tool, lambda line: progress.__setitem__(tool.key, line))

    sorter = graphlib.TopologicalSorter(
        {key: {n.key for n in tool.needs if n.key in wanted} for key, tool in wanted.items()}
    )
    sorter.prepare()
    running: dict[Future[Path], str] = {}
    pool = ThreadPoolExecutor(len(wanted))
    try:
        while sorter.is_active():
            for key in sorter.get_ready():
                running[pool.submit(install, wanted[key])] = key
            finished, _ = wait(running, timeout=_REPORT_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                key = running.pop(future)
                future.result()
                sorter.done(key)
                say(f"{wanted[key].name} is there after {time.monotonic() - started[key]:.0f} s")
            if not finished:
                for key in running.values():
                    elapsed = time.monotonic() - started[key]
                    say(f"{wanted[key].name}: {elapsed:.0f} s, {progress.get(key, 'working')}")
    except BaseException:
        process.kill_all()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
