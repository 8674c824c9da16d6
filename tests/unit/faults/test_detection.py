"""Signals: what is wrong, and since when."""

import threading
from datetime import UTC, datetime, timedelta

from cdc_perf.faults.detection import Detection, Level, Signal
from cdc_perf.faults.player import with_detection
from cdc_perf.faults.records import Injection
from cdc_perf.waiting import NotReady, wait_until

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_a_signal_keeps_its_changes() -> None:
    shown = iter(["", "", "down", "down", "", *[""] * 100])
    signal, ending = Signal(lambda: next(shown)), threading.Event()
    thread = threading.Thread(target=signal.follow, args=(ending,))
    thread.start()

    def changed() -> None:
        if len(signal.changes) < 3:
            raise NotReady("not yet")

    wait_until(changed, what="the changes", deadline_seconds=10)
    ending.set()
    thread.join()
    assert [text for _, text in signal.changes] == ["", "down", ""]


def test_the_first_signal_that_turns_wrong_shows_a_fault() -> None:
    early = Signal(lambda: "", [(after(-5), "old"), (after(2), ""), (after(9), "slot")])
    late = Signal(lambda: "", [(after(-5), ""), (after(4), "lag"), (after(6), "")])
    detection = Detection((early, late))
    assert detection.first_wrong(AT) == (after(4), "lag")
    assert detection.first_wrong(after(10)) is None


def test_a_level_is_wrong_above_its_highest_value_before() -> None:
    level = Level("the consumer lag", 2)
    assert [level.shown(value) for value in (3, 10, 4)] == ["", "", ""]
    level.watch()
    assert level.shown(17) == ""
    assert level.shown(18) == "the consumer lag is above 17"
    assert level.shown(99) == "the consumer lag is above 17"
    level.learn()
    assert level.shown(99) == ""


def test_a_fault_is_not_shown_by_what_follows_the_next_one() -> None:
    first, second = (
        Injection(fault=name, number=1, description="", began=after(at), proved=after(at))
        for name, at in (("kill:mongodb", 0), ("kill:kafka", 20))
    )
    never = Injection(fault="kill:connect", number=1, description="", failure="not injected")
    detection = Detection((Signal(lambda: "", [(after(-1), ""), (after(22), "no lag")]),))
    found = with_detection([first, second, never], detection)
    assert [each.signal for each in found] == ["", "no lag", ""]
    assert found[1].detected == after(22)
