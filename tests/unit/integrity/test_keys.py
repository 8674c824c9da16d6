"""The keys of the rows to compare: whose they are, and how they are read."""

import msgspec

from cdc_perf.integrity.keys import BATCH, RowOfTable, changed_rows, stored_keys, written_rows
from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.records import Scope
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.change_events import ChangeEvent, DeadLetter

TABLE = "public.customer"
PIPELINE = load_pipeline(Checkout.here())
# As UTF-8 sorts: not as a locale does, nor as UTF-16.
IN_ORDER = ["", "A", "Z", "a", "aa", "b", "é", "日", "\U0001f600"]


def test_keys_are_read_once_each_and_in_the_order_of_their_bytes() -> None:
    rows = [RowOfTable(TABLE, each) for each in (*reversed(IN_ORDER), "a", "日")]
    with stored_keys([*rows, RowOfTable("public.orders", "0")], Scope.RUN) as keys:
        found = keys.of(TABLE)
        assert list(found.batches()) == [IN_ORDER]
        assert found.count() == len(IN_ORDER)
        assert keys.tables() == (TABLE, "public.orders")
        assert list(keys.of("public.other").batches()) == []


def test_source_and_sink_read_batches_at_the_same_time() -> None:
    ids = [f"{number:06}" for number in range(3 * BATCH)]
    with stored_keys((RowOfTable(TABLE, each) for each in ids), Scope.RUN) as keys:
        found = keys.of(TABLE)
        both: list[str] = []
        for one, other in zip(found.batches(), found.batches(), strict=True):
            assert one == other
            assert found.among([*one[:2], "x"]) == set(one[:2])
            both += one
    assert both == ids


def test_the_written_rows_are_those_of_the_asked_operations() -> None:
    ledger = (
        AcknowledgedWrite("c", TABLE, "new"),
        Arrival("c", TABLE, "seen", 1),
        AcknowledgedWrite("u", TABLE, "old"),
        AcknowledgedWrite("d", TABLE, "gone"),
    )
    assert [row.id for row in written_rows(ledger, "c")] == ["new"]
    assert [row.id for row in written_rows(ledger, "cud")] == ["new", "old", "gone"]


def test_the_changed_rows_are_those_of_readable_events() -> None:
    topic = f"{PIPELINE.kafka.topic_prefix}.{TABLE}"
    event = ChangeEvent(topic, 0, 5, "a", "c", 10, 1, 10)
    letter = DeadLetter(0, 1, "b", "wrong", topic, 0, 1)
    records = (
        event,
        letter,
        msgspec.structs.replace(event, id=None),
        msgspec.structs.replace(event, id="c", op="?"),
        msgspec.structs.replace(event, id="d", op="t"),
    )
    assert list(changed_rows(records, PIPELINE)) == [RowOfTable(TABLE, "a"), RowOfTable(TABLE, "d")]
