"""A signal at any moment: what was started is gone within 15 s, and what was measured is kept."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from scripts import marks
from scripts.errors import ExitCode
from scripts.process import Running
from scripts.stack.local.layout import Layout
from scripts.stack.local.supervisor import Supervisor
from scripts.tools.cache import ENVIRONMENT_VARIABLE
from tests.integration.faults.fault_table import FaultTable
from tests.integration.faults.planting import (
    LONG_RUN,
    cache_without,
    in_time,
    partial,
    pids,
    ports_of,
    seconds_until_clean,
    when,
)
from tests.integration.inv import Inv, read


def test_while_tools_are_fetched_and_built(fresh: Inv, table: FaultTable) -> None:
    cache = fresh.checkout.root / "cache"
    running = fresh.start("tools.install", env={ENVIRONMENT_VARIABLE: str(cache)})
    when(lambda: any(marks.started_for(x) for x in partial(cache, "k6")), "the build of k6")
    running.signal(signal.SIGINT)
    since = time.monotonic()
    in_time(running)
    seconds = seconds_until_clean(fresh, (), since)
    assert list(cache.glob("*.partial-*")) == []
    table.add(
        *("SIGINT while tools are fetched and k6 is built", "inv tools.install", running.wait()),
        said="interrupted by SIGINT",
        code=ExitCode.INTERRUPTED,
        seconds=seconds,
    )


def test_while_the_jvms_are_trained(fresh: Inv, table: FaultTable) -> None:
    cache, _ = cache_without(fresh, "JVM caches")
    running = fresh.start("up", env={ENVIRONMENT_VARIABLE: str(cache.root)})

    def training() -> bool:
        folders = partial(cache.root, "jvm-caches")
        return (
            bool(folders) and Supervisor(Layout(folders[0] / "stack")).state("connect") == "running"
        )

    when(training, "the training run")
    running.signal(signal.SIGTERM)
    since = time.monotonic()
    in_time(running)
    seconds = seconds_until_clean(fresh, (), since)
    assert partial(cache.root, "jvm-caches") == []
    table.add(
        *("SIGTERM during the training run of the JVM caches", "inv up", running.wait()),
        said="interrupted by SIGTERM",
        code=ExitCode.INTERRUPTED,
        seconds=seconds,
    )


def test_while_the_stack_starts(fresh: Inv, table: FaultTable) -> None:
    running = fresh.start("up")
    when(lambda: "connect" in pids(fresh), "the components")
    ports = ports_of(fresh)
    running.signal(signal.SIGINT)
    since = time.monotonic()
    in_time(running)
    table.add(
        *("SIGINT while the stack starts", "inv up", running.wait()),
        said="interrupted by SIGINT",
        code=ExitCode.INTERRUPTED,
        seconds=seconds_until_clean(fresh, ports, since),
    )


def test_during_the_health_check(fresh: Inv, table: FaultTable) -> None:
    running = fresh.start(*LONG_RUN)
    when(lambda: any(fresh.checkout.results.glob("2*/health-check")), "the health check")
    ports = ports_of(fresh)
    running.signal(signal.SIGTERM)
    since = time.monotonic()
    in_time(running)
    table.add(
        *("SIGTERM during the health check", "inv perf", running.wait()),
        said="interrupted by SIGTERM",
        code=ExitCode.INTERRUPTED,
        seconds=seconds_until_clean(fresh, ports, since),
    )
    (run,) = fresh.runs()
    assert read(fresh.checkout.results / run / "run.json")["status"] == "interrupted"


def again(running: Running, number: signal.Signals) -> None:
    running.signal(number)
    running.signal(number)
    running.signal(number)


def once(running: Running, number: signal.Signals) -> None:
    running.signal(number)


@pytest.mark.parametrize(
    ("fault", "number", "send", "frozen"),
    [
        pytest.param("SIGINT under load", signal.SIGINT, once, "", id="int"),
        pytest.param(
            "SIGHUP under load: the terminal is closed", signal.SIGHUP, once, "", id="hup"
        ),
        pytest.param("SIGINT three times under load", signal.SIGINT, again, "", id="again"),
        pytest.param(
            "SIGTERM under load, Connect frozen (SIGSTOP)",
            signal.SIGTERM,
            once,
            "connect",
            id="frozen",
        ),
    ],
)
def test_under_load(
    fresh: Inv,
    table: FaultTable,
    fault: str,
    number: signal.Signals,
    send: Callable[[Running, signal.Signals], None],
    frozen: str,
) -> None:
    running = fresh.start(*LONG_RUN)
    run = fresh.wait_for_load("baseline", set())
    ports = ports_of(fresh)
    if frozen:
        os.kill(pids(fresh)[frozen], signal.SIGSTOP)
    send(running, number)
    since = time.monotonic()
    in_time(running)
    seconds = seconds_until_clean(fresh, ports, since)
    assert read(run / "run.json")["status"] == "interrupted"
    assert read(run / "baseline" / "summary.json")["metrics"]["iterations"]["values"]["count"] > 0
    table.add(
        *(fault, "inv perf", running.wait()),
        said=f"interrupted by {number.name}",
        code=ExitCode.INTERRUPTED,
        seconds=seconds,
    )


def test_while_the_stack_is_stopped(fresh: Inv, table: FaultTable) -> None:
    assert fresh("up").exit_code == ExitCode.PASS
    ports = ports_of(fresh)
    running = fresh.start("down")
    when(lambda: "consumer" not in pids(fresh), "the end of the consumer")
    running.signal(signal.SIGTERM)
    since = time.monotonic()
    in_time(running)
    table.add(
        *("SIGTERM while the stack is stopped", "inv down", running.wait()),
        said="interrupted by SIGTERM",
        code=ExitCode.INTERRUPTED,
        seconds=seconds_until_clean(fresh, ports, since),
    )
