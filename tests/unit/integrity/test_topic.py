"""Topics of which records are gone: by retention, by compaction, or with the topic."""

from collections.abc import Iterator, Mapping
from typing import cast

import pytest

from cdc_perf.integrity.events import MissingEvent
from cdc_perf.integrity.findings import missed_for_sure
from cdc_perf.integrity.records import Cut, TopicCut
from cdc_perf.integrity.topic import Records, Span, StartOffsets, Topics
from cdc_perf.stack.change_events import ChangeEvent

TOPIC = "cdc.public.customer"


class Broker:
    """A broker with one partition, of whose window some records are there."""

    def __init__(self, span: Span, *, compacts: bool) -> None:
        self._span = span
        self._compacts = compacts

    def records(
        self, _begins: StartOffsets, seen: dict[tuple[str, int], Span]
    ) -> Iterator[ChangeEvent]:
        seen[TOPIC, 0] = self._span
        return iter(())

    def compacted(self, _topic: str) -> bool:
        return self._compacts


@pytest.mark.parametrize(
    ("span", "compacts", "cut"),
    [
        pytest.param(Span(0, 30, 10, 20), False, None, id="whole"),
        pytest.param(Span(15, 30, 10, 15), False, (Cut.RETENTION, 5), id="retention"),
        pytest.param(Span(40, 40, 10, 0), False, (Cut.RETENTION, 30), id="all of it is gone"),
        pytest.param(Span(0, 30, 10, 12), True, (Cut.COMPACTION, 8), id="compaction"),
        pytest.param(Span(0, 30, 10, 12), False, None, id="markers of transactions"),
        pytest.param(Span(0, 30, 10, 20), True, None, id="not compacted yet"),
        pytest.param(Span(0, 3, 10, 0), False, (Cut.RECREATED, 7), id="created again"),
        pytest.param(Span(15, 30, None, 15), True, None, id="nobody noted where it began"),
    ],
)
def test_what_is_gone_of_a_window_is_known(
    span: Span, cut: tuple[Cut, int] | None, *, compacts: bool
) -> None:
    begins: Mapping[tuple[str, int], int] = {} if span.begin is None else {(TOPIC, 0): span.begin}
    records = Records(cast("Topics", Broker(span, compacts=compacts)), begins)
    assert list(records) == []
    assert [(each.why, each.offsets) for each in records.cuts()] == ([] if cut is None else [cut])


def test_no_event_is_missed_in_a_topic_that_was_cut() -> None:
    missed = (
        MissingEvent("public.customer", "a", 1, "c"),
        MissingEvent("public.orders", "b", 1, "c"),
    )
    tables = {TOPIC: "public.customer", "cdc.public.orders": "public.orders"}
    cuts = (TopicCut(topic=TOPIC, partition=0, why=Cut.RETENTION, offsets=5),)
    assert missed_for_sure(missed, tables, ()) == missed
    assert missed_for_sure(missed, tables, cuts) == missed[1:]
