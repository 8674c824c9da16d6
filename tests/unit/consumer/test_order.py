"""Which of two changes of a row is the later one: the cases of docs/decisions/0034."""

import itertools

import msgspec
import pytest

from cdc_consumer.coalesce import coalesce
from cdc_consumer.events import Event
from cdc_consumer.order import CLOCK_MICROSECONDS, OrderRelation, order_of_document, position_of
from cdc_consumer.writes import metadata
from tests.unit.consumer.builders import APPLIED_US, SOURCE_US, event

OTHER_PARTITION, ANOTHER_TOPIC = "T0pic/1", "An0ther/0"
LATER_US = SOURCE_US + CLOCK_MICROSECONDS + 1


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        pytest.param(
            event(28426224, "c", commit=28426424, offset=2),
            event(28426312, "d", commit=28426032, offset=1),
            id="written first, committed last",
        ),
        pytest.param(
            event(150, commit=None, offset=2),
            event(200, "r", commit=None, offset=1),
            id="a snapshot while the transaction is open",
        ),
        pytest.param(
            event(82354712, commit=None, offset=2),
            event(82354712, "r", commit=None, offset=1),
            id="a snapshot and the first change after it, at the same LSN",
        ),
        pytest.param(
            event(82354712, commit=None, log=OTHER_PARTITION, offset=0),
            event(82354712, "r", commit=None, offset=1),
            id="the same in two partitions",
        ),
        pytest.param(event(260, commit=250), event(240, commit=None), id="after the first commit"),
        pytest.param(event(240, commit=260), event(250, commit=None), id="open at the first one"),
        pytest.param(
            event(900, "r", commit=None, offset=9),
            event(510, commit=500, offset=8),
            id="another snapshot",
        ),
        pytest.param(
            event(900, "r", commit=None, log=ANOTHER_TOPIC, offset=0),
            event(510, commit=500, offset=8),
            id="another snapshot, into a topic that was made again",
        ),
        pytest.param(
            event(905, commit=None, log=ANOTHER_TOPIC, offset=0),
            event(510, commit=500, offset=8),
            id="another slot, and a topic that was made again",
        ),
        pytest.param(
            event(7, commit=6, log=OTHER_PARTITION, offset=0),
            event(6, commit=5, offset=9),
            id="one key in two partitions",
        ),
        pytest.param(
            event(7, sequence=False, offset=2),
            event(9, sequence=False, offset=1),
            id="without a sequence: by offset",
        ),
        pytest.param(
            event(7, commit=6, offset=2),
            event(9, sequence=False, offset=1),
            id="the first that comes with a sequence",
        ),
        pytest.param(
            event(9, sequence=False, log=OTHER_PARTITION, offset=1),
            event(7, sequence=False, offset=2),
            id="without a sequence, in two partitions: by LSN",
        ),
    ],
)
def test_the_later_of_two_changes(later: Event, earlier: Event) -> None:
    assert later.order.against(earlier.order) == "newer"
    assert earlier.order.against(later.order) == "older"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(event(7, offset=9), event(7, offset=2), "same", id="sent again by Connect"),
        pytest.param(event(7, "r", offset=2), event(7, "r", offset=2), "same", id="read again"),
        pytest.param(
            event(7, offset=9, source_us=LATER_US), event(8, offset=2), "went-back", id="restored"
        ),
        pytest.param(
            event(7, log=ANOTHER_TOPIC, offset=0, source_us=LATER_US),
            event(8, offset=2),
            "went-back",
            id="restored, and another topic",
        ),
        pytest.param(
            event(7, offset=2, source_us=LATER_US), event(8, offset=9), "older", id="read again"
        ),
        pytest.param(
            event(7, offset=9, source_us=LATER_US - 1), event(8, offset=2), "older", id="clock"
        ),
        pytest.param(event(7, offset=9, source_us=None), event(8, offset=2), "older", id="no time"),
    ],
)
def test_what_is_no_news(one: Event, other: Event, expected: OrderRelation) -> None:
    assert one.order.against(other.order) == expected


def test_a_document_has_the_order_of_the_change_that_it_holds() -> None:
    for item in (event(7), event(7, "r"), event(7, sequence=False), event(7, source_us=None)):
        (write,) = coalesce([item]).writes
        assert order_of_document(metadata(write, APPLIED_US)) == item.order


@pytest.mark.parametrize("stored", [None, 5, {}, {"lsn": "7"}, {"lsn": None}])
def test_a_strange_document_has_none(stored: object) -> None:
    assert order_of_document(stored) is None


def test_a_document_of_an_older_version_is_compared_by_lsn() -> None:
    there = order_of_document({"lsn": 7, "op": "u"})
    assert there is not None
    assert [event(lsn).order.against(there) for lsn in (6, 7, 8)] == ["older", "same", "newer"]


def test_positions_compare_as_their_numbers() -> None:
    numbers = (0, 9, 10, 2**32, 2**63 - 1)
    pairs = list(itertools.product(numbers, repeat=2))
    texts = [position_of(f'["{commit}","{lsn}"]', lsn, "u") for commit, lsn in pairs]
    assert None not in texts
    assert sorted(texts, key=str) == texts


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ('["16","17"]', "0000000000000010.0000000000000011"),
        ("[16,17]", "0000000000000010.0000000000000011"),
        ('[null,"17"]', "0000000000000011.0000000000000011"),
        ('["16",null]', "0000000000000010.0000000000000007"),
        ("[null,null]", "0000000000000007.0000000000000007"),
        (None, None),
    ],
)
def test_a_sequence(sequence: str | None, expected: str | None) -> None:
    assert position_of(sequence, 7, "u") == expected
    assert position_of(sequence, 7, "r") is None


@pytest.mark.parametrize(
    "sequence", ["", "5", "[]", '["5"]', '["a","5"]', '["5","6","7"]', "[1.5,2]", '["-1","2"]']
)
def test_what_is_no_sequence(sequence: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        position_of(sequence, 7, "u")
