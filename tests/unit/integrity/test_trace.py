"""Where a row was last seen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import pytest

from cdc_perf.integrity.causes import Explanation
from cdc_perf.integrity.differences import FURTHER, RowDifference
from cdc_perf.integrity.events import load_events
from cdc_perf.integrity.findings import row_findings
from cdc_perf.integrity.records import Finding, FindingKind, LastSeen, SinkType, sink_type
from cdc_perf.integrity.trace import RowTrace
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import KafkaSink, MongodbSink, PostgresSink, Sink
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.change_events import ChangeEvent, DeadLetter

TOPIC, TABLE = "cdc.public.customer", "public.customer"
RECORDS = (
    ChangeEvent(TOPIC, 0, 0, "a", "c", 10, 1),
    ChangeEvent(TOPIC, 0, 1, "b", "c", 20, 2),
    ChangeEvent(TOPIC, 0, 2, "b", "d", 30, 3),
    ChangeEvent(TOPIC, 0, 3, "late", "c", 40, 4),
    ChangeEvent(TOPIC, 0, 4, "poison", "c", 50, 5),
    DeadLetter(0, 0, "poison", "rejected-by-mongodb", TOPIC, 0, 4),
)


@pytest.fixture
def trail() -> Iterator[RowTrace]:
    with load_events(RECORDS, ()) as events:
        # The consumer has committed all but the last two.
        pipeline = load_pipeline(Checkout.here())
        yield RowTrace(pipeline, events, {(TOPIC, 0): 3})


def unexplained(
    _table: str, _kind: FindingKind, _differences: Sequence[RowDifference]
) -> Explanation:
    return Explanation()


def found(trail: RowTrace, difference: RowDifference) -> Finding:
    (finding,) = row_findings([difference], trail, unexplained)
    return finding


@pytest.mark.parametrize(
    ("identity", "place", "words"),
    [
        (
            "a",
            LastSeen.CONSUMER,
            "create at LSN 10, is in cdc.public.customer, partition 0, offset 0",
        ),
        ("late", LastSeen.TOPIC, "the consumer did not commit it"),
        ("poison", LastSeen.DEAD_LETTER, "the consumer rejected it: rejected-by-mongodb"),
        ("never", LastSeen.POSTGRES, "the topic has no event of this row"),
    ],
)
def test_a_missing_row(trail: RowTrace, identity: str, place: LastSeen, words: str) -> None:
    finding = found(trail, RowDifference(FindingKind.MISSING, TABLE, identity, "7", None))
    (sample,) = finding.samples
    assert (finding.kind, sample.id, sample.last_seen) == (FindingKind.MISSING, identity, place)
    assert words in sample.detail


def test_a_document_whose_row_was_deleted_is_resurrected(trail: RowTrace) -> None:
    finding = found(trail, RowDifference(FindingKind.EXTRA, TABLE, "b", "", 20))
    assert finding.kind is FindingKind.RESURRECTED
    assert finding.samples[0].last_seen is LastSeen.CONSUMER
    assert "the document has LSN 20; its last event, delete at LSN 30" in finding.samples[0].detail


def test_a_document_that_no_event_tells_of_is_extra(trail: RowTrace) -> None:
    finding = found(trail, RowDifference(FindingKind.EXTRA, TABLE, "stranger", "", None))
    assert (finding.kind, finding.samples[0].last_seen) == (FindingKind.EXTRA, LastSeen.MONGODB)


def test_a_document_of_the_last_event_was_changed_in_mongodb(trail: RowTrace) -> None:
    difference = RowDifference(FindingKind.CONTENT, TABLE, "a", "1", 10, ("email text",))
    (sample,) = found(trail, difference).samples
    assert sample.last_seen is LastSeen.MONGODB
    assert sample.detail.startswith("different content in email text; the document has LSN 10; ")


@pytest.mark.parametrize(
    ("sink", "kind", "held"),
    [
        (MongodbSink(database="d"), SinkType.MONGODB, "document"),
        (PostgresSink(database="d", schema="s.sql"), SinkType.POSTGRES, "row in the sink"),
        (KafkaSink(), SinkType.KAFKA, "record"),
    ],
)
def test_the_sink_is_called_by_its_name(
    trail: RowTrace, sink: Sink, kind: SinkType, held: str
) -> None:
    trail = replace(trail, pipeline=msgspec.structs.replace(trail.pipeline, sink=sink))
    assert sink_type(trail.pipeline) is kind
    place = LastSeen.MONGODB if kind is SinkType.MONGODB else LastSeen.SINK
    (changed,) = found(trail, RowDifference(FindingKind.CONTENT, TABLE, "a", "1", 10)).samples
    assert changed.last_seen is place
    assert changed.detail.startswith(f"the {held} has LSN 10; ")
    absent = RowDifference(FindingKind.COLUMN_ABSENT, TABLE, "note", "", None, ("note",), count=3)
    detail = trail.sample(absent).detail
    assert detail == f"note: 3 rows have a value, but no {held} has the field"


def test_differences_of_a_kind_and_table_are_one_finding(trail: RowTrace) -> None:
    many = [RowDifference(FindingKind.MISSING, TABLE, f"x{n}", "7", None) for n in range(7)]
    (finding,) = row_findings(many, trail, unexplained)
    assert (finding.count, len(finding.samples)) == (7, 5)


def test_a_column_that_no_document_has_is_one_finding(trail: RowTrace) -> None:
    rows = [
        RowDifference(
            *(FindingKind.CONTENT, TABLE, f"x{n}", "7", None),
            columns=("note text",) if n else ("note text", "email text"),
            absent=("note",),
        )
        for n in range(3)
    ]
    column = RowDifference(
        FindingKind.COLUMN_ABSENT, TABLE, "note", "", None, ("note text",), count=3
    )
    found = {each.kind: each for each in row_findings([*rows, column], trail, unexplained)}
    assert found.keys() == {FindingKind.CONTENT, FindingKind.COLUMN_ABSENT}
    assert [sample.id for sample in found[FindingKind.CONTENT].samples] == ["x0"]
    assert found[FindingKind.COLUMN_ABSENT].count == 3
    assert [sample.id for sample in found[FindingKind.COLUMN_ABSENT].samples] == ["note"]


def test_a_column_that_was_added_is_reported_with_its_rows(trail: RowTrace) -> None:
    row = RowDifference(
        *(FindingKind.CONTENT, TABLE, "x", "7", None), columns=("note text",), absent=("note",)
    )
    column = RowDifference(
        FindingKind.COLUMN_ABSENT, TABLE, "note", "", None, ("note text",), count=1
    )

    def explain(_table: str, _kind: FindingKind, _group: Sequence[RowDifference]) -> Explanation:
        return Explanation(explained=frozenset("x"))

    (finding,) = row_findings([row, column], trail, explain)
    assert (finding.kind, finding.count) == (FindingKind.CONTENT, 1)


def test_rows_that_are_only_counted_come_last_and_count(trail: RowTrace) -> None:
    rows = [
        RowDifference(FindingKind.MISSING, TABLE, "never", "7", None),
        RowDifference(FindingKind.MISSING, TABLE, FURTHER, "", None, count=4_950_000),
    ]
    (finding,) = row_findings(rows, trail, unexplained)
    assert finding.count == 4_950_001
    assert [sample.id for sample in finding.samples] == ["never", FURTHER]
    assert finding.samples[1].detail == "4,950,000 rows are only counted"


def test_a_column_that_no_document_has_is_one_finding_of_any_number_of_rows(
    trail: RowTrace,
) -> None:
    lacking = RowDifference(
        FindingKind.CONTENT,
        TABLE,
        "a",
        "7",
        10,
        columns=("note text",),
        fields=frozenset(("note",)),
        absent=("note",),
    )
    absent = RowDifference(
        FindingKind.COLUMN_ABSENT, TABLE, "note", "", None, ("note text",), 5_000_000
    )
    further = replace(lacking, id=FURTHER, version="", count=4_999_999)
    (finding,) = row_findings([lacking, further, absent], trail, unexplained)
    assert (finding.kind, finding.count) == (FindingKind.COLUMN_ABSENT, 5_000_000)
