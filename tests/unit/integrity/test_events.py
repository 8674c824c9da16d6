"""The events of a window, held against each other and against the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
from confluent_kafka import Message

from cdc_perf.integrity.events import EventPosition, Events, MissingEvent, load_events
from cdc_perf.integrity.findings import event_findings, ledger_findings
from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.records import Drain, Finding, FindingKind, Integrity, LastSeen, TopicRead
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.change_events import (
    TOMBSTONE,
    UNREADABLE,
    ChangeEvent,
    DeadLetter,
    dead_letter_of,
)
from cdc_perf.verdict.integrity_gates import INTEGRITY_METRICS

PIPELINE = load_pipeline(Checkout.here())
CUSTOMER = "cdc.public.customer"
GOOD = (("a", "c", 10), ("b", "c", 11), ("a", "u", 12), ("b", "d", 13))


def events(*changes: tuple[str, str, int]) -> list[ChangeEvent]:
    """Return events in the order of their offsets, each its own transaction: `_id`, op, lsn."""
    return committed(*((identity, op, lsn - 1, lsn) for identity, op, lsn in changes))


def committed(*changes: tuple[str, str, int | None, int]) -> list[ChangeEvent]:
    """Return events in the order of their offsets: `_id`, op, the commit before, lsn."""
    return [
        ChangeEvent(CUSTOMER, 0, position, identity, op, lsn, lsn // 2, commit)
        for position, (identity, op, commit, lsn) in enumerate(changes)
    ]


def found(records: Iterable[ChangeEvent | DeadLetter], excused: str = "") -> tuple[Finding, ...]:
    with load_events(records, ()) as gathered_events:
        return tuple(event_findings(gathered_events, PIPELINE, excused))


def missing_events(events: Events) -> tuple[MissingEvent, ...]:
    return events.missing_events(PIPELINE.kafka.topic_prefix)


def test_events_in_order_have_no_finding() -> None:
    tombstone = ChangeEvent(CUSTOMER, 0, 9, "b", TOMBSTONE, None, None)
    with load_events([*events(*GOOD), tombstone], ()) as gathered_events:
        assert tuple(event_findings(gathered_events, PIPELINE, "")) == ()
        read = TopicRead(topic=CUSTOMER, events=4, keys=2, tombstones=1)
        assert gathered_events.topics() == (read,)
        assert gathered_events.last(CUSTOMER, "a") == EventPosition("u", 12, 0, 2)
        assert gathered_events.delete(CUSTOMER, "b") == EventPosition("d", 13, 0, 3)
        assert gathered_events.delete(CUSTOMER, "a") is None
        assert gathered_events.last(CUSTOMER, "z") is None


def test_no_events_have_no_finding() -> None:
    assert found([]) == ()


def test_a_repeated_event_is_a_duplicate_and_not_out_of_order() -> None:
    # As after a restart: from some position on everything comes once more.
    (finding,) = found(events(*GOOD, *GOOD[1:], ("a", "u", 20)))
    assert (finding.kind, finding.table, finding.count) == (
        FindingKind.DUPLICATE,
        "public.customer",
        3,
    )
    assert finding.samples[0].id == "b"
    assert finding.samples[0].detail == "LSN 11 is at offsets 1, 4"
    assert finding.samples[0].last_seen is LastSeen.TOPIC
    assert not finding.excused


def test_an_excuse_is_reported_with_the_duplicates_alone() -> None:
    changes = events(*GOOD, GOOD[0], ("a", "u", 11))
    assert [(x.kind, x.excused) for x in found(changes, "connect restarted")] == [
        (FindingKind.DUPLICATE, "connect restarted"),
        (FindingKind.REORDERED, ""),
    ]


def test_an_event_after_a_later_one_of_its_row_is_reordered() -> None:
    (finding,) = found(events(("a", "c", 10), ("a", "u", 14), ("a", "u", 12), ("b", "c", 13)))
    assert (finding.kind, finding.count) == (FindingKind.REORDERED, 1)
    assert finding.samples[0].detail == "LSN 12 at offset 2 follows LSN 14"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([("a", "d", 26, 31), ("a", "c", 42, 22)], id="written first, committed last"),
        pytest.param([("a", "r", None, 20), ("a", "u", 15, 15)], id="open at the snapshot"),
        pytest.param([("a", "r", None, 20), ("a", "u", 20, 20)], id="at the LSN of the snapshot"),
        pytest.param([("a", "u", None, 20), ("a", "u", None, 10)], id="without a sequence"),
    ],
)
def test_the_order_of_commits_is_not_that_of_the_log(
    changes: list[tuple[str, str, int | None, int]],
) -> None:
    assert found(committed(*changes)) == ()


def test_the_order_of_different_rows_does_not_matter() -> None:
    assert found(events(("a", "c", 14), ("b", "c", 12))) == ()


def test_a_record_that_is_no_event_is_reported() -> None:
    (finding,) = found([ChangeEvent(CUSTOMER, 0, 5, None, UNREADABLE, None, None)])
    assert (finding.kind, finding.count, finding.samples[0].id) == (
        FindingKind.UNREADABLE,
        1,
        "0@5",
    )


def test_a_dead_letter_is_reported_with_its_reason() -> None:
    letter = DeadLetter(0, 3, "a", "missing-lsn", CUSTOMER, 0, 17)
    with load_events([letter, *events(*GOOD)], ()) as gathered_events:
        assert gathered_events.given_up(CUSTOMER, "a") == "missing-lsn"
        assert gathered_events.given_up(CUSTOMER, "b") == ""
        (finding,) = event_findings(gathered_events, PIPELINE, "")
    assert (finding.kind, finding.table) == (FindingKind.DEAD_LETTER, "cdc.dead-letter")
    assert finding.samples[0].last_seen is LastSeen.DEAD_LETTER
    assert f"missing-lsn; read from {CUSTOMER}, partition 0, offset 17" in finding.samples[0].detail


@pytest.mark.parametrize(
    ("letters", "count"),
    [
        pytest.param([(3, CUSTOMER, 0, 17), (4, CUSTOMER, 0, 17)], 1, id="sent again"),
        pytest.param([(3, CUSTOMER, 0, 17), (4, CUSTOMER, 0, 18)], 2, id="two offsets"),
        pytest.param([(3, CUSTOMER, 0, 17), (4, CUSTOMER, 1, 17)], 2, id="two partitions"),
        pytest.param([(3, CUSTOMER, 0, 17), (4, "other", 0, 17)], 2, id="two topics"),
        pytest.param([(3, "", -1, -1), (4, "", -1, -1)], 2, id="no headers"),
        pytest.param([(3, CUSTOMER, 0, -1), (4, CUSTOMER, 0, -1)], 2, id="no offsets"),
        pytest.param(
            [(3, "", -1, -1), (4, CUSTOMER, 0, 3), (5, CUSTOMER, 0, 3)], 2, id="both kinds"
        ),
    ],
)
def test_dead_letters_are_counted_by_where_they_were_read(
    letters: list[tuple[int, str, int, int]], count: int
) -> None:
    records = [
        DeadLetter(0, position, None, "why", topic, partition, offset)
        for position, topic, partition, offset in letters
    ]
    (finding,) = found(records)
    assert (finding.kind, finding.count) == (FindingKind.DEAD_LETTER, count)
    assert len({sample.id for sample in finding.samples}) <= count
    integrity = Integrity(checked=datetime.now(UTC), drain=Drain(seconds=0.1), findings=(finding,))
    assert integrity.count(INTEGRITY_METRICS["dead_letters"]) == count


CONNECTS: list[tuple[str, str | bytes | None]] = [
    ("__connect.errors.topic", b"cdc.public.customer"),
    ("__connect.errors.partition", b"2"),
    ("__connect.errors.offset", b"17"),
    ("__connect.errors.exception.message", b"no"),
]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("topic", b"t"), ("partition", b"1"), ("offset", b"7")], ("t", 1, 7, "no reason given")),
        (CONNECTS, (CUSTOMER, 2, 17, "no")),
        ([], ("", -1, -1, "no reason given")),
        ([("topic", None), ("offset", b"\xff")], ("", -1, -1, "no reason given")),
    ],
)
def test_the_headers_of_a_dead_letter_say_where_it_was_read(
    headers: list[tuple[str, str | bytes | None]], expected: tuple[str, int, int, str]
) -> None:
    message = Message(topic="cdc.dead-letter", partition=0, offset=4, headers=headers)
    letter = dead_letter_of(message, {})
    assert (letter.partition, letter.position) == (0, 4)
    assert expected == (
        letter.from_topic,
        letter.from_partition,
        letter.from_position,
        letter.reason,
    )


def test_of_many_a_few_are_shown() -> None:
    (finding,) = found(events(*[("a", "u", lsn) for lsn in range(100, 0, -1)]))
    assert (finding.count, len(finding.samples)) == (99, 5)


def written(*entries: tuple[str, str]) -> list[AcknowledgedWrite]:
    return [AcknowledgedWrite(op, "public.customer", identity) for op, identity in entries]


def test_every_acknowledged_write_has_its_event() -> None:
    ledger = written(("c", "a"), ("u", "a"), ("c", "b"), ("d", "b"))
    with load_events(events(*GOOD), ledger) as gathered_events:
        assert missing_events(gathered_events) == ()
        assert gathered_events.acknowledged() == {"c": 2, "d": 1, "u": 1}


def test_a_read_of_a_snapshot_counts_as_the_create() -> None:
    with load_events(events(("a", "r", 10)), written(("c", "a"))) as gathered_events:
        assert missing_events(gathered_events) == ()


@dataclass(frozen=True)
class RowsOf:
    """A table with one row, published but for what is filtered."""

    key: str
    filtered: frozenset[str] = frozenset()

    def has(self, _table: str, key: str) -> bool:
        return key == self.key

    def must_arrive(self, _table: str, key: str) -> bool:
        return key not in self.filtered


def test_a_write_that_the_row_filter_leaves_out_needs_no_event() -> None:
    missing = [MissingEvent("public.customer", x, 1, "c") for x in ("in", "out")]
    (finding,) = ledger_findings(missing, RowsOf("in", frozenset(("out",))))
    assert [each.id for each in finding.samples] == ["in"]


def test_acknowledged_writes_without_an_event_are_reported() -> None:
    ledger = written(("c", "a"), ("u", "a"), ("u", "a"), ("c", "z"), ("c", "y"), ("d", "a"))
    with load_events(events(*GOOD, GOOD[2]), ledger) as gathered_events:
        missing = missing_events(gathered_events)
    table = "public.customer"
    assert missing == (
        MissingEvent(table, "a", 1, "d"),
        # The same event twice does not stand for two updates.
        MissingEvent(table, "a", 1, "u"),
        MissingEvent(table, "y", 1, "c"),
        MissingEvent(table, "z", 1, "c"),
    )
    findings = {x.kind: x for x in ledger_findings(missing, RowsOf("y"))}
    assert findings[FindingKind.EVENT_MISSING].count == 3
    assert findings[FindingKind.EVENT_MISSING].samples[0].last_seen is LastSeen.POSTGRES
    assert [x.id for x in findings[FindingKind.VANISHED].samples] == ["z"]
    assert findings[FindingKind.VANISHED].samples[0].last_seen is LastSeen.K6


def test_a_write_to_another_table_is_not_this_row_s() -> None:
    ledger = [AcknowledgedWrite("c", "public.orders", "a")]
    with load_events(events(*GOOD), ledger) as gathered_events:
        assert missing_events(gathered_events) == (MissingEvent("public.orders", "a", 1, "c"),)


def test_a_write_to_a_table_whose_topic_has_another_name_has_its_event() -> None:
    (event,) = events(("a", "c", 10))
    there = msgspec.structs.replace(event, topic="cdc.Shop.Invoice_line")
    ledger = [AcknowledgedWrite("c", '"Shop"."Invoice line"', "a")]
    with load_events([there], ledger) as gathered_events:
        assert missing_events(gathered_events) == ()
    with load_events([event], ledger) as gathered_events:
        (missing,) = missing_events(gathered_events)
    assert missing.table == '"Shop"."Invoice line"'


def test_a_write_to_a_table_whose_name_is_none_has_no_event() -> None:
    ledger = [AcknowledgedWrite("c", 'public."x', "a")]
    with load_events(events(*GOOD), ledger) as gathered_events:
        assert missing_events(gathered_events) == (MissingEvent('public."x', "a", 1, "c"),)


def test_arrivals_are_no_writes() -> None:
    ledger: list[AcknowledgedWrite | Arrival] = [
        *written(("c", "a")),
        Arrival("c", "public.customer", "a", 1, 2),
    ]
    with load_events([], ledger) as gathered_events:
        assert gathered_events.acknowledged() == {"c": 1}
