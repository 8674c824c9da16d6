"""The memory of a JVM after a collection, and how often the gauges ask for one."""

import threading
import time

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import gauges as module
from cdc_perf.stack.backend import JvmMemory
from cdc_perf.stack.commits import Position
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.gauges import Gauges
from cdc_perf.stack.local.jvm_memory import Heap, heap_of, resident_outside
from cdc_perf.waiting import NotReady

# As Java 25 says it.
HEAP_INFO = """\
DefNew     total 116416K, used 3759K [0x00000000e0000000, 0x00000000e7e50000, 0x00000000eaaa0000)
 eden space 103488K,   3% used [0x00000000e0000000, 0x00000000e03abdc0, 0x00000000e6510000)
 from space 12928K,   0% used [0x00000000e6510000, 0x00000000e6510000, 0x00000000e71b0000)
Tenured    total 258048K, used 57340K [0x00000000eaaa0000, 0x00000000fa6a0000, 0x0000000100000000)
 the  space 258048K,  22% used [0x00000000eaaa0000, 0x00000000ee29f088, 0x00000000fa6a0000)
"""
HEAP = Heap((3759 + 57340) * 1024, 0xE0000000, 0x100000000)
SMAPS = """\
51001000-54fb2000 rw-p 00001000 fe:00 803186   /cache/kafka.aot
Rss:               65048 kB
e0000000-e7e50000 rw-p 00000000 00:00 0
Size:             129344 kB
Rss:              127244 kB
eaaa0000-fa6a0000 rw-p 00000000 00:00 0
Rss:               68364 kB
7f0bb14e2000-7f0bb24e2000 r-xp 002e2000 fe:00 10068105   /lib/server/libjvm.so
Rss:               11052 kB
"""


class _Silent:
    """A source of gauges that does not answer."""

    def __init__(self, *_arguments: object) -> None: ...

    def read(self) -> Position:
        raise NotReady("it is not there")

    def positions(self) -> dict[tuple[str, int], Position]:
        raise NotReady("it is not there")


def _nowhere() -> Endpoints:
    return Endpoints(
        postgres_dsn="",
        kafka_bootstrap="",
        connect_url="",
        connector="",
        mongodb_uri="",
        mongodb_database="",
        consumer_url="",
    )


def test_the_live_heap_is_that_of_both_generations() -> None:
    assert heap_of(HEAP_INFO) == HEAP


def test_another_collector_is_not_guessed_at() -> None:
    assert (
        heap_of("garbage-first heap   total reserved 524288K, committed 264192K, used 9K") is None
    )


def test_what_is_resident_outside_the_heap() -> None:
    assert resident_outside(SMAPS, HEAP) == (65048 + 11052) * 1024


def test_a_collection_is_asked_for_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    asked: list[float] = []

    def collected() -> dict[str, JvmMemory]:
        asked.append(now)
        return {"kafka": JvmMemory(len(asked), 7)}

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(module, "ConsumerLag", _Silent)
    monkeypatch.setattr(module, "RetainedBytes", _Silent)
    gauges = Gauges(load_pipeline(Checkout.here()), _nowhere(), dict, collected)
    assert gauges.read({}) == {}
    seen = []
    for second in range(5):
        now = 100.0 + second
        gauges.read({}, collect_seconds=2.0)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and thread.daemon:
                thread.join(5.0)
        seen.append(gauges.read({}, collect_seconds=2.0))
    assert asked == [100.0, 102.0, 104.0]
    # In between it is what it was right after the last one.
    assert [each["heap_live_kafka"] for each in seen] == [1, 1, 2, 2, 3]
    assert all(each["outside_heap_kafka"] == 7 for each in seen)
