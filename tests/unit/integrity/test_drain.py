"""The steps of a drain: what each waits for, and what remains outstanding."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import msgspec
import psycopg
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.integrity import drain
from cdc_perf.integrity.drain import Draining
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import canary, source
from cdc_perf.stack.connector_health import Condition, ConnectorDown, ConnectorHealth
from cdc_perf.waiting import NotReady, WaitTimeout, cancelled_by
from tests.unit.addresses import NO_ADDRESSES

if TYPE_CHECKING:
    from cdc_perf.stack.lag import ConsumerLag

PIPELINE = load_pipeline(Checkout.here())
SLOT, GROUP = PIPELINE.postgres.slot, PIPELINE.kafka.consumer_group
TOPIC = "cdc.public.customer"
ENDS = {(TOPIC, 0): 5, (TOPIC, 1): 8}
FAILED = ConnectorHealth("cdc", Condition.FAILED, "task 0 failed", "restart it")
RUNNING = ConnectorHealth("cdc", Condition.RUNNING)
ENDPOINTS = NO_ADDRESSES


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@dataclass
class FakeStack:
    """A pipeline that drains at once, unless a test changes one part of it.

    Attributes:
        canary: Sends the canary row.
        guard: Checks the connector after each attempt.
        health: The state of the connector when a step has timed out.
        slot: The row of the replication slot, or an error.
        behind: The consumer lag up to `ENDS`.
        deadlines: The time that each canary row got, in seconds.
        asked: The arguments of each query of the slot.
        reads: How often the ends of the topics were read.
    """

    canary: Callable[[], None] = lambda: None
    guard: Callable[[], None] = lambda: None
    health: ConnectorHealth | None = None
    slot: tuple[int | None] | Exception | None = (0,)
    behind: Mapping[tuple[str, int], int] = field(default_factory=dict)
    deadlines: list[float] = field(default_factory=list)
    asked: list[tuple[object, ...]] = field(default_factory=list)
    reads: int = 0

    def run_canary(self, _pipeline: object, _endpoints: object, deadline: float) -> None:
        self.deadlines.append(deadline)
        self.canary()

    @contextmanager
    def connect(self, _dsn: str) -> Iterator["FakeStack"]:
        yield self

    def execute(self, _query: str, values: tuple[object, ...]) -> "FakeStack":
        self.asked.append(values)
        if isinstance(self.slot, Exception):
            raise self.slot
        return self

    def fetchone(self) -> object:
        return self.slot

    def ends(self) -> Mapping[tuple[str, int], int]:
        self.reads += 1
        return ENDS

    def lag_behind(self, ends: Mapping[tuple[str, int], int]) -> Mapping[tuple[str, int], int]:
        assert ends == ENDS
        return self.behind


class FakeLag:
    def __init__(self, stack: FakeStack) -> None:
        self.ends = stack.ends
        self.behind = stack.lag_behind


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    found = FakeStack()
    monkeypatch.setattr(drain, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(source, "log_position", lambda _dsn: "0/7")
    monkeypatch.setattr(source, "connect", found.connect)
    monkeypatch.setattr(canary, "run_canary", found.run_canary)
    monkeypatch.setattr(drain, "Guard", lambda *_arguments: found.guard)
    monkeypatch.setattr(
        drain, "read_connectors", lambda *_arguments: (found.health,) if found.health else ()
    )
    return found


def draining(stack: FakeStack, seconds: float = 0.0) -> Draining:
    return Draining(PIPELINE, ENDPOINTS, cast("ConsumerLag", FakeLag(stack)), seconds)


def test_a_pipeline_that_drains(stack: FakeStack) -> None:
    one = draining(stack, 60.0)
    one.sentinel()
    one.positions()
    assert one.result().outstanding == ()
    assert one.result().connector == ""
    assert not one.given_up
    # The slot must pass the log position from before the canary row.
    assert stack.asked == [("0/7", SLOT)]


FAILURES = pytest.mark.parametrize(
    "failure",
    [
        WaitTimeout("the document", 30.0, "no document", hint="", detail=()),
        StackFailure("no document"),
    ],
    ids=["late", "refused"],
)


@FAILURES
def test_a_canary_row_that_does_not_arrive(stack: FakeStack, failure: StackFailure) -> None:
    stack.canary = raising(failure)
    one = draining(stack)
    one.sentinel()
    assert one.given_up
    assert one.result().outstanding == ("no document",)


@FAILURES
def test_another_canary_row_follows_one_that_did_not_arrive(
    stack: FakeStack, failure: StackFailure
) -> None:
    failures = [failure]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    stack.canary = fail_once
    one = draining(stack, 60.0)
    one.sentinel()
    assert (len(stack.deadlines), one.result().outstanding) == (2, ())


def test_a_failed_connector_ends_the_wait_for_the_canary_row(stack: FakeStack) -> None:
    stack.canary = raising(ConnectorDown(FAILED))
    one = draining(stack, 60.0)
    one.sentinel()
    assert len(stack.deadlines) == 1
    assert one.result().outstanding == (FAILED.sentence,)
    assert one.result().connector == "failed"


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        (None, f"replication slot {SLOT} does not exist"),
        ((None,), f"replication slot {SLOT} does not exist"),
        ((1,), f"replication slot {SLOT} is 1 byte behind the last write"),
        (psycopg.ProgrammingError("no such function\nLINE 1"), "no such function"),
    ],
)
def test_a_slot_that_does_not_confirm(stack: FakeStack, slot: Any, reason: str) -> None:  # noqa: ANN401 - a row, or an error
    stack.slot = slot
    one = draining(stack)
    one.positions()
    assert one.result().outstanding == (reason,)


@pytest.mark.parametrize(
    ("slot", "health", "outstanding"),
    [
        # The commit is still to come.
        ((1,), RUNNING, 0),
        ((1,), None, 0),
        ((1,), FAILED, 2),
        (None, RUNNING, 1),
        (psycopg.OperationalError("away"), RUNNING, 1),
    ],
)
def test_after_a_sentinel_row_the_slot_may_be_behind(
    stack: FakeStack,
    slot: Any,  # noqa: ANN401 - a row, or an error
    health: ConnectorHealth | None,
    outstanding: int,
) -> None:
    stack.slot, stack.health = slot, health
    one = draining(stack)
    one.sentinel()
    one.positions()
    assert len(one.result().outstanding) == outstanding
    assert stack.reads == 1


def test_a_sentinel_row_that_is_late_excuses_no_slot(stack: FakeStack) -> None:
    stack.slot = (1,)
    one = draining(stack)
    one.sentinel()
    stack.canary = raising(StackFailure("no document"))
    one.sentinel()
    one.positions()
    assert len(one.result().outstanding) == 2


def test_without_cdc_consumer_no_commit_is_waited_for(stack: FakeStack) -> None:
    stack.slot, stack.behind = (1,), {(TOPIC, 0): 3}
    pipeline = msgspec.structs.replace(PIPELINE, consumer=None)
    one = Draining(pipeline, ENDPOINTS, cast("ConsumerLag", FakeLag(stack)), 0.0)
    one.sentinel()
    one.positions()
    assert one.result().outstanding == ()
    assert (stack.asked, stack.reads) == ([], 0)


@pytest.mark.parametrize("equal", [lambda: None, raising(NotReady("1 row differs"))])
def test_a_sink_that_stays_different_is_a_finding_of_its_own(
    stack: FakeStack, equal: Callable[[], None]
) -> None:
    one = draining(stack)
    one.sink(equal)
    assert not one.given_up


def test_a_slot_that_is_further_than_needed_has_confirmed(stack: FakeStack) -> None:
    stack.slot = (-100,)
    one = draining(stack)
    one.positions()
    assert one.result().outstanding == ()


def test_a_consumer_group_that_is_behind(stack: FakeStack) -> None:
    stack.behind = {(TOPIC, 0): 3, (TOPIC, 1): 2}
    one = draining(stack, 0.1)
    one.positions()
    assert one.result().outstanding == (f"consumer group {GROUP} is 5 events behind in {TOPIC}",)
    # Later events are not waited for.
    assert stack.reads == 1


def test_a_connector_that_fails_meanwhile_ends_the_wait_and_comes_first(stack: FakeStack) -> None:
    stack.behind = {(TOPIC, 0): 1}
    stack.guard = raising(ConnectorDown(FAILED))
    one = draining(stack, 60.0)
    one.positions()
    first, second = one.result().outstanding
    assert (first, second.startswith(f"consumer group {GROUP}")) == (FAILED.sentence, True)
    assert (one.result().connector, one.given_up) == ("failed", True)


@pytest.mark.parametrize(
    ("health", "connector", "reasons"),
    [(None, "", 1), (RUNNING, "", 1), (FAILED, "failed", 2)],
)
def test_a_timeout_records_a_connector_that_does_not_run(
    stack: FakeStack, health: ConnectorHealth | None, connector: str, reasons: int
) -> None:
    stack.canary = raising(NotReady("not yet"))
    stack.health = health
    one = draining(stack)
    one.sentinel()
    assert one.result().connector == connector
    assert len(one.result().outstanding) == reasons
    assert one.result().outstanding[-1] == "not yet"


def test_a_cancelled_wait_is_outstanding(stack: FakeStack) -> None:
    cancelled = threading.Event()
    cancelled.set()
    one = draining(stack, 60.0)
    with cancelled_by(cancelled):
        one.sentinel()
    assert one.given_up
    assert stack.deadlines == []


class SlowClock:
    """A clock that advances by ten seconds at each look."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 10.0
        return self._now


def test_each_step_gets_the_time_that_the_earlier_ones_left(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "_LEAST_SECONDS", 1.0)
    monkeypatch.setattr(drain, "time", SlowClock())
    one = draining(stack, 15.0)
    for _ in range(3):
        one.sentinel()
    assert stack.deadlines == [15.0, 5.0, 1.0]
    assert one.result().seconds == 30.0


def test_what_has_passed_is_known_without_a_row_and_without_waiting(stack: FakeStack) -> None:
    stack.canary = raising(AssertionError("a row was sent"))
    one = draining(stack, 60.0)
    assert not one.passed()
    one.mark()
    assert one.passed()
    assert stack.asked == [("0/7", SLOT)]
    stack.behind = {(TOPIC, 0): 1}
    assert not one.passed()
    stack.slot = (9,)
    assert not one.passed()
    stack.slot = psycopg.OperationalError("gone")
    assert not one.passed()
    assert one.result().outstanding == ()


def test_the_ends_are_those_after_the_slot_has_passed(stack: FakeStack) -> None:
    one = draining(stack, 60.0)
    one.mark()
    stack.slot = (9,)
    assert not one.passed()
    assert stack.reads == 0
    stack.slot = (0,)
    assert one.passed()
    assert one.passed()
    assert stack.reads == 1


def test_without_a_position_or_a_group_nothing_is_known_to_have_passed(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_dsn: str) -> str:
        raise NotReady("PostgreSQL does not answer")

    groupless = Draining(PIPELINE, ENDPOINTS, None, 60.0)
    groupless.mark()
    assert not groupless.passed()
    monkeypatch.setattr(source, "log_position", gone)
    one = draining(stack)
    one.mark()
    assert one.given_up
    assert not one.passed()


def test_a_group_alone_is_waited_for_without_the_slot(stack: FakeStack) -> None:
    stack.slot = None
    one = draining(stack)
    one.group()
    assert not one.given_up
    stack.behind = {(TOPIC, 0): 1}
    one.group()
    assert one.result().outstanding == (f"consumer group {GROUP} is 1 event behind in {TOPIC}",)
