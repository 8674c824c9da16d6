"""The hops of a pipeline without the consumer, joined change by change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf

import msgspec
import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_consumer import hops as consumer
from cdc_consumer.metrics import Metrics
from cdc_perf.errors import ExitCode
from cdc_perf.integrity.events import load_events
from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.record_hops import BOUNDS_US, RecordHops, record_hops
from cdc_perf.results.hops import hops_of
from cdc_perf.settings.hops import RECORD_HOPS
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.change_events import READ, TOMBSTONE, UNREADABLE, ChangeEvent, RecordClock
from cdc_perf.stack.change_events import event_of as decoded
from cdc_perf.stack.hops import parse_hops
from cdc_perf.stats.latency_histogram import LatencyHistogram
from cdc_perf.verdict.judge import judge
from tests.unit.consumer.builders import event as consumed_event
from tests.unit.measured import GOOD, evidence, hop_threshold, summary
from tests.unit.stack.debezium_records import ID, envelope, flat, record, with_schemas

PREFIX, TABLE = "cdc", "public.customer"
# A commit; the others are relative to it. It is no whole millisecond.
NOW_US = 1_764_022_834_123_400
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
SOURCE, QUEUE, SINK, TOTAL = (hop.name for hop in RECORD_HOPS.all)


@dataclass(frozen=True)
class Change:
    """A change on its way: milliseconds after NOW_US, or None where a time is unknown.

    Attributes:
        commit: When PostgreSQL committed it.
        kafka: When its record got its timestamp.
        seen: When k6 saw it in the sink; None if k6 did not wait for it.
        op: The operation.
        id: The row.
        by_k6: Whether k6 wrote it; else a trigger did.
        debezium: When Debezium handled it; by default halfway.
    """

    commit: float | None
    kafka: int | None
    seen: float | None = None
    op: str = "u"
    id: str = "a"
    by_k6: bool = True
    debezium: float | None = None


def at(milliseconds: float) -> int:
    return NOW_US + round(milliseconds * 1000)


def events_of(changes: Sequence[Change], table: str = TABLE) -> list[ChangeEvent]:
    """Return the events in the order of their offsets."""
    return [
        ChangeEvent(
            f"{PREFIX}.{table}",
            0,
            position,
            change.id,
            change.op,
            100 + position,
            position,
            source_us=None if change.commit is None else at(change.commit),
            debezium_us=debezium_us(change),
            # The middle of this millisecond is 0.1 ms after the moment given.
            kafka_ms=None if change.kafka is None else NOW_US // 1000 + change.kafka,
            clock=None if change.kafka is None else RecordClock.PRODUCER,
        )
        for position, change in enumerate(changes)
    ]


def debezium_us(change: Change) -> int | None:
    if change.debezium is not None:
        return at(change.debezium)
    if change.commit is None or change.kafka is None:
        return None
    return at((change.commit + change.kafka) / 2)


def ledger_of(changes: Iterable[Change]) -> list[AcknowledgedWrite | Arrival]:
    """Return the ledger of a user who writes and waits, one change after the other."""
    found: list[AcknowledgedWrite | Arrival] = []
    for change in changes:
        if change.by_k6:
            found.append(AcknowledgedWrite(change.op, TABLE, change.id, None, len(found) + 1))
        if change.seen is not None:
            found.append(Arrival(change.op, TABLE, change.id, at(change.seen), len(found) + 1))
    return found


def joined(
    records: Iterable[ChangeEvent],
    ledger: Iterable[AcknowledgedWrite | Arrival],
    warm_up_ended: datetime | None = LONG_AGO,
) -> RecordHops:
    with load_events(records, ledger) as events:
        return record_hops(events, PREFIX, warm_up_ended)


def hops_of_changes(*changes: Change) -> dict[str, LatencyHistogram]:
    found = joined(events_of(changes), ledger_of(changes))
    assert found.measurements.warm_up.events == 0
    return dict(found.measurements.steady.hops)


def sums(hops: dict[str, LatencyHistogram]) -> dict[str, tuple[int, float]]:
    """Return the number of times of each hop and their sum in milliseconds."""
    return {name: (times.count, round(times.sum_ms, 6)) for name, times in hops.items()}


def are(times: LatencyHistogram | None, *expected: float) -> bool:
    """Return whether there are as many times as expected, of the same sum in milliseconds."""
    found = times or LatencyHistogram()
    return found.count == len(expected) and found.sum_ms == pytest.approx(sum(expected))


def test_a_change_is_followed_from_its_commit_to_the_sink() -> None:
    changes = (Change(0, 8, 19),)
    found = joined(events_of(changes), ledger_of(changes))
    assert found.clock is RecordClock.PRODUCER
    seen = found.measurements
    assert (seen.begin, seen.restarts, seen.fault) == (LONG_AGO, 0, "")
    assert seen.end == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at(19))
    assert (seen.warm_up.events, seen.steady.events) == (0, 1)
    assert sums(dict(seen.steady.hops)) == {
        SOURCE: (1, 4.0),
        QUEUE: (1, 4.1),
        SINK: (1, 10.9),
        TOTAL: (1, 19.0),
    }
    # As hops.json has it.
    content = hops_of(seen)
    assert [each.hop for each in content.hops] == [SOURCE, QUEUE, SINK, TOTAL]
    ((low, high, count),) = content.hops[2].histogram
    assert low < 10.9 <= (high or 0)
    assert count == 1


def test_the_bounds_are_the_consumer_s() -> None:
    assert BOUNDS_US == consumer.BOUNDS_US


TIMES_US = st.one_of(st.integers(-3_000, 3_000), st.integers(-200_000_000, 200_000_000))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(TIMES_US, TIMES_US), min_size=1, max_size=20))
def test_the_two_hops_that_the_consumer_has_too_are_the_same(
    times: list[tuple[int, int]],
) -> None:
    kafka_ms = NOW_US // 1000
    metrics = Metrics(["customer"], list)
    (any_event,), any_consumed = events_of([Change(0, 0)]), consumed_event()
    in_kafka = msgspec.structs.replace(any_consumed.record, timestamp_ms=kafka_ms)
    events = []
    for position, (queue_us, source_us) in enumerate(times):
        handled = kafka_ms * 1000 - queue_us
        moments = {"source_us": handled - source_us, "debezium_us": handled}
        consumed = msgspec.structs.replace(any_consumed, record=in_kafka, **moments)
        metrics.hops.observe([consumed], NOW_US)
        events.append(msgspec.structs.replace(any_event, id=str(position), **moments))
    expected = parse_hops(metrics.exposition().decode()).hops
    found = joined(events, []).measurements.steady.hops
    for hop in (SOURCE, QUEUE):
        assert found[hop].buckets == expected[hop].buckets
        assert found[hop].sum_ms == pytest.approx(expected[hop].sum_ms, abs=1e-5)
        assert found[hop].negative == expected[hop].negative
        # The consumer knows only a lower bound of it.
        assert found[hop].negative_ms >= expected[hop].negative_ms - 1e-5


# Milliseconds: commit, Debezium, record, arrival. In any order, so some times are negative.
MOMENTS = st.tuples(
    st.floats(0, 10_000), st.floats(0, 10_000), st.integers(0, 10_000), st.floats(0, 10_000)
)


@settings(max_examples=15, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=12))
def test_the_hops_of_each_change_add_up_to_its_total(
    moments: list[tuple[float, float, int, float]],
) -> None:
    changes = [
        Change(commit, kafka, seen, "c", str(number), debezium=handled)
        for number, (commit, handled, kafka, seen) in enumerate(moments)
    ]
    for some in (changes[:1], changes):
        found = sums(hops_of_changes(*some))
        assert {count for count, _ in found.values()} == {len(some)}
        parts = sum(found[hop][1] for hop in (SOURCE, QUEUE, SINK))
        assert parts == pytest.approx(found[TOTAL][1], abs=1e-5)


STEPS = st.tuples(st.booleans(), st.integers(1, 50), st.integers(1, 50), st.sampled_from("ud"))


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12), st.integers(-400, 400))
def test_whatever_k6_waits_for_and_whatever_the_clocks_say_each_change_is_its_own(
    steps: list[tuple[bool, int, int, str]], skew: int
) -> None:
    """One row, written again and again; Kafka's clock is off by `skew` milliseconds."""
    changes, expected, now = [], [], 0
    for waits, to_kafka, to_sink, op in steps:
        kafka = now + to_kafka
        now = kafka + to_sink
        changes.append(Change(kafka - to_kafka, kafka + skew, now if waits else None, op))
        if waits:
            expected.append(to_sink - skew - 0.1)
    hops = hops_of_changes(*changes)
    assert are(hops.get(SINK), *expected)


@pytest.mark.parametrize(
    ("changes", "in_sink"),
    [
        pytest.param(
            [Change(0, 5, 20), Change(1, 6, by_k6=False)],
            [13.9],
            id="a trigger's change that was there when k6 looked",
        ),
        pytest.param(
            [Change(0, 5, 20), Change(30, 35, by_k6=False)],
            [14.9],
            id="a trigger's change after k6 had looked",
        ),
        pytest.param(
            # Its millisecond had begun, and its middle is later.
            [Change(0, 4, 4.9), Change(0, 5, by_k6=False)],
            [-0.2],
            id="a trigger's change in the millisecond of the arrival",
        ),
        pytest.param(
            [Change(0, 5, 20), Change(1, 6, by_k6=False), Change(7, 8, 40), Change(9, 30, 50)],
            # The second and third write have one change each behind them.
            [13.9, 31.9, 19.9],
            id="a trigger's change of one write among three",
        ),
        pytest.param([Change(0, 5), Change(30, 35, 50)], [14.9], id="k6 waits for the second only"),
        pytest.param([Change(0, 5, 20), Change(30, 35)], [14.9], id="k6 waits for the first only"),
        pytest.param([Change(0, 5, 20, by_k6=False)], [14.9], id="k6 waits for a trigger's change"),
        pytest.param(
            [Change(0, 105, 20), Change(1, 106, by_k6=False)],
            [-85.1],
            id="a trigger, and Kafka's clock is ahead",
        ),
        pytest.param(
            [Change(0, 5, 20), Change(30, 10, 50), Change(31, 11, by_k6=False)],
            # By the time alone it were the third change.
            [9.9, 38.9],
            id="a trigger, and Kafka's clock is behind",
        ),
    ],
)
def test_which_change_an_arrival_belongs_to(changes: list[Change], in_sink: list[float]) -> None:
    assert are(hops_of_changes(*changes)[SINK], *in_sink)


def test_two_users_who_write_one_row_see_a_change_each() -> None:
    first, second = Change(0, 5, 40), Change(10, 15, 50)
    one, seen_one, two, seen_two = ledger_of([first, second])
    # Both write before one of them sees the row.
    order = [one, two, seen_one, seen_two]
    ledger = [msgspec.structs.replace(each, line=line) for line, each in enumerate(order)]
    found = joined(events_of([first, second]), ledger).measurements
    assert are(found.steady.hops[SINK], 34.9, 34.9)
    assert found.fault == ""


def test_if_the_topic_lacks_changes_the_time_decides() -> None:
    first, second, third = Change(0, 5, 20), Change(30, 35, 50), Change(60, 65, 80)
    found = joined(events_of([first, third]), ledger_of([first, second, third]))
    # The arrival of the second finds only the first, which has already arrived.
    assert are(found.measurements.steady.hops[SINK], 14.9, 14.9)
    assert found.measurements.fault == ("1 of 3 changes that k6 saw in the sink have no event")


def test_rows_operations_and_tables_are_told_apart() -> None:
    changes = [
        Change(0, 5, 20, "c", "a"),
        Change(0, 6, 30, "c", "b"),
        Change(40, 45, 50, "u", "a"),
        Change(40, 46, 60, "d", "b"),
    ]
    elsewhere = [Change(0, 5, op="c", id="a"), Change(0, 6, op="c", id="b")]
    events = [*events_of(elsewhere, "public.orders"), *events_of(changes)]
    found = joined(events, ledger_of(changes)).measurements.steady
    assert found.events == 6
    assert are(found.hops[SINK], 14.9, 23.9, 4.9, 13.9)
    assert found.hops[SOURCE].count == 6


def test_a_table_whose_topic_has_another_name() -> None:
    name = '"Shop"."Invoice line"'
    (event,) = events_of([Change(0, 5)], "Shop.Invoice_line")
    ledger: list[AcknowledgedWrite | Arrival] = [
        AcknowledgedWrite("u", name, "a", None, 1),
        Arrival("u", name, "a", at(20), 2),
    ]
    with load_events([event], ledger) as events:
        found = record_hops(events, PREFIX, LONG_AGO)
        assert events.missing_events(PREFIX) == ()
    assert are(found.measurements.steady.hops[SINK], 14.9)


def test_a_repeated_event_counts_once_as_its_first_record() -> None:
    changes = [Change(0, 5, 20), Change(30, 35, 50)]
    first, second = events_of(changes)
    again = [
        msgspec.structs.replace(each, position=5 + each.position, kafka_ms=NOW_US // 1000 + 99)
        for each in (first, second)
    ]
    found = joined([first, second, *again], ledger_of(changes)).measurements.steady
    assert found.events == 2
    assert are(found.hops[SINK], 14.9, 14.9)
    assert found.hops[QUEUE].count == 2


def test_what_is_no_change_is_in_no_hop() -> None:
    changes = [
        Change(0, 5, op=READ),
        Change(0, 6, op=TOMBSTONE),
        Change(0, 7, op=UNREADABLE),
        Change(0, 8, 20, "c"),
    ]
    write = changes[-1:]
    found = joined(events_of(changes), ledger_of(write)).measurements
    assert found.steady.events == 1
    assert {name: times.count for name, times in found.steady.hops.items()} == dict.fromkeys(
        (SOURCE, QUEUE, SINK, TOTAL), 1
    )


@pytest.mark.parametrize(
    ("ended", "steady"),
    [
        (None, (0, 0)),
        (at(-1), (3, 2)),
        # By the arrival: its record was earlier.
        (at(20), (3, 2)),
        (at(20.1), (2, 1)),
        # Without an arrival, by its record.
        (at(30.1), (2, 1)),
        (at(30.2), (1, 1)),
        (at(100), (0, 0)),
    ],
)
def test_the_warm_up_is_apart(ended: int | None, steady: tuple[int, int]) -> None:
    changes = [Change(0, 5, 20), Change(25, 30), Change(0, 6, 40, id="b")]
    end = (
        None if ended is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ended)
    )
    found = joined(events_of(changes), ledger_of(changes), end).measurements
    nothing = LatencyHistogram()
    arrived = found.steady.hops.get(SINK, nothing).count
    assert (found.steady.events, arrived) == steady
    assert found.begin == end
    assert found.warm_up.events == 3 - steady[0]
    assert found.warm_up.hops.get(SINK, nothing).count == 2 - steady[1]


@pytest.mark.parametrize(
    ("change", "known", "fault"),
    [
        (Change(None, 5, 20, debezium=2), {QUEUE, SINK}, "no commit time (source.ts_us)"),
        (Change(0, None, 20, debezium=2), {SOURCE, TOTAL}, "no record timestamp"),
        (Change(None, 5, 20), {SINK}, "no Debezium time (ts_us)"),
        (
            Change(0, 5),
            {SOURCE, QUEUE},
            "k6 saw no change in the sink: Kafka to sink and the total are unknown",
        ),
    ],
)
def test_what_is_unknown_is_absent_and_said(change: Change, known: set[str], fault: str) -> None:
    found = joined(events_of([change]), ledger_of([change])).measurements
    assert set(found.steady.hops) == known
    assert fault in found.fault


def test_an_old_ledger_has_no_arrivals_and_the_records_hops_remain() -> None:
    changes = [Change(0, 5), Change(10, 15)]
    found = joined(events_of(changes), ledger_of(changes)).measurements
    assert sums(dict(found.steady.hops)) == {SOURCE: (2, 5.0), QUEUE: (2, 5.2)}


def test_nothing_at_all_is_no_hop() -> None:
    found = joined([], [])
    assert found.clock is None
    assert found.note == ""
    assert (found.measurements.end, dict(found.measurements.steady.hops)) == (None, {})


def test_whose_clock_the_records_have_is_said() -> None:
    producer, broker = events_of([Change(0, 5), Change(0, 6)])
    broker = msgspec.structs.replace(broker, clock=RecordClock.BROKER)
    for events, clock, words in (
        ([producer], RecordClock.PRODUCER, "(CreateTime): Kafka to sink includes producer"),
        ([broker], RecordClock.BROKER, "(LogAppendTime): Debezium to Kafka includes producer"),
        ([producer, broker], RecordClock.MIXED, "partly"),
    ):
        found = joined(events, [])
        assert found.clock is clock
        assert words in found.note


@pytest.mark.parametrize("value", [flat(), envelope(), with_schemas(envelope())])
def test_from_debezium_s_records_to_the_hops(value: object) -> None:
    message = record(value, timestamp=(TIMESTAMP_LOG_APPEND_TIME, NOW_US // 1000 + 9))
    ledger: list[AcknowledgedWrite | Arrival] = [
        AcknowledgedWrite("c", TABLE, ID, None, 1),
        Arrival("c", TABLE, ID, at(30), 2),
    ]
    found = joined([decoded(message, Table(TABLE, ("id",), "customer"))], ledger)
    assert found.clock is RecordClock.BROKER
    assert sums(dict(found.measurements.steady.hops)) == {
        SOURCE: (1, 2.444),
        QUEUE: (1, 6.6),
        SINK: (1, 20.9),
        TOTAL: (1, 29.944),
    }


def on_time(number: int) -> Change:
    begin = 50 * number
    return Change(begin, begin + 8, begin + 19, debezium=begin + 4)


def late(number: int, slow: str) -> Change:
    """Return the same change, half a second late from one hop on."""
    change, begin = on_time(number), 50 * number
    if slow != SINK:
        change = replace(change, kafka=begin + 508)
    if slow == SOURCE:
        change = replace(change, debezium=begin + 504)
    return replace(change, seen=begin + 519)


@pytest.mark.parametrize("slow", [SOURCE, QUEUE, SINK])
def test_a_slow_hop_is_found_in_that_hop_and_in_the_total(slow: str) -> None:
    before = hops_of_changes(*(on_time(number) for number in range(100)))
    after = hops_of_changes(*(late(number, slow) for number in range(100)))
    grown = {hop: (after[hop].mean or 0) - (before[hop].mean or 0) for hop in before}
    expected = {hop: 500.0 if hop in (slow, TOTAL) else 0.0 for hop in before}
    assert grown == pytest.approx(expected, abs=1e-6)


def test_a_generator_whose_clock_is_behind_voids_a_threshold_on_the_sink() -> None:
    behind = [replace(on_time(number), seen=50 * number - 11) for number in range(100)]
    found = joined(events_of(behind), ledger_of(behind)).measurements
    times = found.steady.hops[SINK]
    assert (times.count, times.negative) == (100, 100)
    assert times.negative_mean == pytest.approx(19.1)
    assert times.buckets == {(0.0, 0.1): 100}
    limits = [hop_threshold(RECORD_HOPS.hops[-1], "avg<=100")]
    verdict = judge(replace(evidence("baseline", limits, summary(GOOD)), hops=found))
    assert verdict.exit_code is ExitCode.INVALID
    assert [reason.code for reason in verdict.reasons] == ["hop_clocks_differ"]


def test_half_a_millisecond_below_zero_is_the_resolution() -> None:
    # Kafka's millisecond has its middle up to half a millisecond after the arrival.
    times = hops_of_changes(Change(0, 5, 4.6))[SINK]
    assert are(times, -0.5)
    assert times.negative == 0


def test_a_change_that_never_arrives_within_the_histogram_is_in_the_last_bucket() -> None:
    times = hops_of_changes(Change(0, 5, 200_000))[SINK]
    assert times.buckets == {(120_000.0, inf): 1}
