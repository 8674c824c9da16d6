"""Where a row was last seen."""

from collections.abc import Iterator, Sequence

import pytest

from scripts.integrity.causes import Explanation
from scripts.integrity.decoding import DeadLetter, Event
from scripts.integrity.events import gathered
from scripts.integrity.findings import row_findings
from scripts.integrity.records import Finding, Kind, Place
from scripts.integrity.snapshot import Difference
from scripts.integrity.trace import Trail
from scripts.settings.paths import Checkout
from scripts.settings.pipeline_file import load_pipeline

TOPIC, TABLE = "cdc.public.customer", "public.customer"
RECORDS = (
    Event(TOPIC, 0, 0, "a", "c", 10, 1),
    Event(TOPIC, 0, 1, "b", "c", 20, 2),
    Event(TOPIC, 0, 2, "b", "d", 30, 3),
    Event(TOPIC, 0, 3, "late", "c", 40, 4),
    Event(TOPIC, 0, 4, "poison", "c", 50, 5),
    DeadLetter(0, 0, "poison", "rejected-by-mongodb", TOPIC, 0, 4),
)


@pytest.fixture
def trail() -> Iterator[Trail]:
    with gathered(RECORDS, ()) as events:
        # The consumer has committed all but the last two.
        pipeline = load_pipeline(Checkout.here())
        yield Trail(pipeline, events, {(TOPIC, 0): 3})


def unexplained(_table: str, _kind: Kind, _differences: Sequence[Difference]) -> Explanation:
    return Explanation()


def found(trail: Trail, difference: Difference) -> Finding:
    (finding,) = row_findings([difference], trail, unexplained)
    return finding


@pytest.mark.parametrize(
    ("identity", "place", "words"),
    [
        ("a", Place.CONSUMER, "create of lsn 10, is in cdc.public.customer, partition 0, offset 0"),
        ("late", Place.TOPIC, "the consumer has not committed it"),
        ("poison", Place.DEAD_LETTER, "the consumer gave it up: rejected-by-mongodb"),
        ("never", Place.POSTGRES, "there is no event of it in the topic"),
    ],
)
def test_a_missing_row(trail: Trail, identity: str, place: Place, words: str) -> None:
    finding = found(trail, Difference(Kind.MISSING, TABLE, identity, "7", None))
    (sample,) = finding.samples
    assert (finding.kind, sample.id, sample.last_seen) == (Kind.MISSING, identity, place)
    assert words in sample.detail


def test_a_document_whose_row_was_deleted_is_resurrected(trail: Trail) -> None:
    finding = found(trail, Difference(Kind.EXTRA, TABLE, "b", "", 20))
    assert finding.kind is Kind.RESURRECTED
    assert finding.samples[0].last_seen is Place.CONSUMER
    assert (
        "the document is of lsn 20; its last event, delete of lsn 30" in finding.samples[0].detail
    )


def test_a_document_that_no_event_tells_of_is_extra(trail: Trail) -> None:
    finding = found(trail, Difference(Kind.EXTRA, TABLE, "stranger", "", None))
    assert (finding.kind, finding.samples[0].last_seen) == (Kind.EXTRA, Place.MONGODB)


def test_a_document_of_the_last_event_was_changed_in_mongodb(trail: Trail) -> None:
    difference = Difference(Kind.CONTENT, TABLE, "a", "1", 10, "other content in email")
    (sample,) = found(trail, difference).samples
    assert sample.last_seen is Place.MONGODB
    assert sample.detail.startswith("other content in email; the document is of lsn 10; ")


def test_differences_of_a_kind_and_table_are_one_finding(trail: Trail) -> None:
    many = [Difference(Kind.MISSING, TABLE, f"x{n}", "7", None) for n in range(7)]
    (finding,) = row_findings(many, trail, unexplained)
    assert (finding.count, len(finding.samples)) == (7, 5)
