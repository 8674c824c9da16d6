"""How faults are planted, and how long it takes until nothing is left of them."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from cdc_perf import process, process_tags
from cdc_perf.ports import is_free
from cdc_perf.process import Running
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local.embedded import EmbeddedTools
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.state import LocalState
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.install import closure
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import Inv, processes_of

# Stopping what was started: the promise to whoever presses Ctrl-C.
CLEAN_SECONDS = 15.0
LONG_RUN = ("perf", "--scenarios", "baseline", "--duration", "2m")
FILLER = "filler"


def when(condition: Callable[[], object], what: str, deadline_seconds: float = 90) -> None:
    """Wait until the condition returns something."""

    def probe() -> None:
        if not condition():
            raise NotReady("not yet")

    wait_until(probe, what=what, deadline_seconds=deadline_seconds, interval_seconds=0.01)


def pids(inv: Inv) -> dict[str, int]:
    """Return the process ids of the components that run."""
    known = Supervisor(Layout(inv.checkout.stack)).processes()
    return {name: info["pid"] for name, info in known.items() if info["pid"]}


def in_time(running: Running) -> None:
    assert running.ended_within(40), "the command did not end"


def partial(cache: Path, tool: str) -> list[Path]:
    return list(cache.glob(f"{tool}-*.partial-*"))


def cache_without(inv: Inv, name: str) -> tuple[Cache, Tool]:
    """Return a cache that lacks one tool, and that tool."""
    shared, cache = Cache.of_environment(), Cache(inv.checkout.root / "cache")
    cache.root.mkdir()
    tools = EmbeddedTools.of(inv.checkout, load_pipeline(inv.checkout), shared)
    (lacking,) = (tool for tool in tools.all if tool.name == name)
    for tool in closure(tools.all):
        if tool is not lacking:
            cache.path(tool).symlink_to(shared.path(tool))
    return cache, lacking


def fill(disk: Path) -> None:
    """Write to a disk until nothing more fits."""
    descriptor = os.open(disk / FILLER, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)


def ports_of(inv: Inv) -> tuple[int, ...]:
    """Return the ports of a checkout's stack; none where there is no stack."""
    try:
        state = msgspec.json.decode(Layout(inv.checkout.stack).state.read_bytes(), type=LocalState)
    except FileNotFoundError:
        return ()
    return tuple(msgspec.structs.asdict(state.ports).values())


def seconds_until_clean(inv: Inv, ports: Sequence[int], since: float) -> float:
    """Wait until nothing of a checkout runs or listens, and return how long after `since` that was.

    A folder of the tool cache that a test has made for itself lies in the checkout, and counts.
    """
    root = inv.checkout.root

    def probe() -> float:
        left = processes_of(root) or [str(x) for x in process_tags.tagged_processes(root)]
        left += [f"port {port}" for port in ports if not is_free(port)]
        if left:
            raise NotReady("; ".join(left)[:500])
        return time.monotonic() - since

    seconds = wait_until(probe, what="the end of everything", deadline_seconds=30)
    assert seconds <= CLEAN_SECONDS
    return seconds


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory; skip the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    words: list[str | Path] = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if process.run(words, check=False).exit_code:
        pytest.skip("a full disk is a small file system, and mounting one takes root")
    with ExitStack() as stack:
        stack.callback(process.run, ["umount", "--lazy", folder])
        yield folder
