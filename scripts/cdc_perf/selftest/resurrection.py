"""A deleted row that reappears, as after a replay when its delete marker has expired."""

from collections.abc import Iterator
from contextlib import contextmanager

from cdc_perf.selftest.fault import FaultContext
from cdc_perf.selftest.records import event_of, produce
from cdc_perf.selftest.rows import customers, oldest_customer
from cdc_perf.stack import source
from cdc_perf.waiting import NotReady, wait_until

_SECONDS = 10.0


@contextmanager
def resurrected(context: FaultContext) -> Iterator[None]:
    """Delete a row, remove its delete marker from MongoDB, and replay its insert."""
    identity = oldest_customer(context)
    event = event_of(context, identity)
    with source.connect(context.endpoints.postgres_dsn) as connection:
        connection.execute("DELETE FROM customer WHERE id::text = %s", (identity,))
    with customers(context) as collection:

        def marked() -> None:
            if not collection.delete_one({"_id": identity, "_cdc.op": "d"}).deleted_count:
                raise NotReady("there is no delete marker")

        def lives() -> None:
            if collection.find_one({"_id": identity}) is None:
                raise NotReady("the document is not back")

        wait_until(marked, what="the delete", deadline_seconds=_SECONDS)
        produce(context, event.key(), event.value())
        wait_until(lives, what="the resurrection", deadline_seconds=_SECONDS)
    yield
