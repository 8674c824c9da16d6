"""A signal at any moment: what was started is gone within 15 s, and what was measured is kept."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cdc_perf import process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.process import Running
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE
from tests.integration.failures.failure_table import FailureTable
from tests.integration.failures.provoking import (
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

pytestmark = pytest.mark.slow


def once(running: Running, number: signal.Signals) -> None:
    running.signal(number)


def three_times(running: Running, number: signal.Signals) -> None:
    for _ in range(3):
        running.signal(number)


@dataclass(frozen=True)
class Interrupting:
    """Interrupts commands in a checkout, and notes what came of it."""

    inv: Inv
    table: FailureTable

    def __call__(
        self,
        running: Running,
        number: signal.Signals,
        moment: str,
        command: str,
        *,
        send: Callable[[Running, signal.Signals], None] = once,
    ) -> None:
        ports = ports_of(self.inv)
        send(running, number)
        since = time.monotonic()
        in_time(running)
        self.table.add(
            *(f"{number.name} {moment}", command, running.wait()),
            said=f"interrupted by {number.name}",
            code=ExitCode.INTERRUPTED,
            seconds=seconds_until_clean(self.inv, ports, since),
        )


@pytest.fixture
def interrupt(fresh: Inv, table: FailureTable) -> Interrupting:
    return Interrupting(fresh, table)


def test_while_tools_are_fetched_and_built(fresh: Inv, interrupt: Interrupting) -> None:
    cache = fresh.checkout.root / "cache"
    running = fresh.start("tools.install", env={ENVIRONMENT_VARIABLE: str(cache)})
    when(
        lambda: any(process_tags.tagged_processes(x) for x in partial(cache, "k6")),
        "the build of k6",
    )
    moment = "while tools are fetched and k6 is built"
    interrupt(running, signal.SIGINT, moment, "inv tools.install")
    assert list(cache.glob("*.partial-*")) == []


def test_while_the_jvms_are_trained(fresh: Inv, interrupt: Interrupting) -> None:
    cache, _ = cache_without(fresh, "JVM caches")
    running = fresh.start("up", env={ENVIRONMENT_VARIABLE: str(cache.root)})

    def training() -> bool:
        stacks = [Layout(x / "stack") for x in partial(cache.root, "jvm-caches")]
        return any(Supervisor(stack).state("connect") == "running" for stack in stacks)

    when(training, "the training run")
    moment = "during the training run of the JVM caches"
    interrupt(running, signal.SIGTERM, moment, "inv up")
    assert partial(cache.root, "jvm-caches") == []


def test_while_the_stack_starts(fresh: Inv, interrupt: Interrupting) -> None:
    running = fresh.start("up")
    when(lambda: "connect" in pids(fresh), "the components")
    interrupt(running, signal.SIGINT, "while the stack starts", "inv up")


def test_during_the_health_check(fresh: Inv, interrupt: Interrupting) -> None:
    running = fresh.start(*LONG_RUN)
    when(lambda: any(fresh.checkout.results.glob("2*/health-check")), "the health check")
    interrupt(running, signal.SIGTERM, "during the health check", "inv perf")
    (run,) = fresh.runs()
    assert read(fresh.checkout.results / run / "run.json")["status"] == "interrupted"


@pytest.mark.parametrize(
    ("number", "moment", "send", "frozen"),
    [
        pytest.param(signal.SIGINT, "under load", once, "", id="int"),
        pytest.param(signal.SIGHUP, "under load: the terminal is closed", once, "", id="hup"),
        pytest.param(signal.SIGINT, "three times under load", three_times, "", id="again"),
        pytest.param(
            signal.SIGTERM, "under load, Connect frozen (SIGSTOP)", once, "connect", id="frozen"
        ),
    ],
)
def test_under_load(
    fresh: Inv,
    interrupt: Interrupting,
    number: signal.Signals,
    moment: str,
    send: Callable[[Running, signal.Signals], None],
    frozen: str,
) -> None:
    running = fresh.start(*LONG_RUN)
    run = fresh.wait_for_load("baseline", set())
    if frozen:
        os.kill(pids(fresh)[frozen], signal.SIGSTOP)
    interrupt(running, number, moment, "inv perf", send=send)
    assert read(run / "run.json")["status"] == "interrupted"
    assert read(run / "baseline" / "summary.json")["metrics"]["iterations"]["values"]["count"] > 0


def test_while_the_stack_is_stopped(fresh: Inv, interrupt: Interrupting) -> None:
    assert fresh("up").exit_code == ExitCode.PASS
    # A frozen component takes ten seconds to end; the others are gone at once.
    os.kill(pids(fresh)["postgres"], signal.SIGSTOP)
    running = fresh.start("down")
    when(lambda: "consumer" not in pids(fresh), "the end of the consumer")
    interrupt(running, signal.SIGTERM, "while the stack is stopped", "inv down")
