"""Faults of the connector, through Connect's REST API. They last until the stack is stopped."""

from collections.abc import Iterator
from contextlib import contextmanager

from cdc_perf.selftest.fault import FaultContext
from cdc_perf.stack import source
from cdc_perf.stack.connect_api import ConnectApi
from cdc_perf.stack.connector import config_for, wait_running

# Debezium's default.
_SLOW_POLL_MS = 500
_LARGE_ROW = (
    "INSERT INTO customer (id, email, status) "
    "VALUES (gen_random_uuid(), 'large@example.test', repeat('x', %s))"
)


@contextmanager
def paused(context: FaultContext) -> Iterator[None]:
    """Pause the connector."""
    ConnectApi.of(context.endpoints).pause(context.pipeline.connector.name)
    yield


@contextmanager
def failed_task(context: FaultContext) -> Iterator[None]:
    """Write a row that is larger than the connector's producer can send."""
    largest = int(context.pipeline.connector.config["producer.override.max.request.size"])
    with source.connect(context.endpoints.postgres_dsn) as connection:
        connection.execute(_LARGE_ROW, (largest,))
    yield


@contextmanager
def slow_poll(context: FaultContext) -> Iterator[None]:
    """Make the connector hand over its events only twice a second."""
    config = config_for(context.pipeline, context.endpoints)
    api = ConnectApi.of(context.endpoints)
    api.put_config(
        context.pipeline.connector.name, {**config, "poll.interval.ms": str(_SLOW_POLL_MS)}
    )
    wait_running(context.pipeline, context.endpoints)
    yield
