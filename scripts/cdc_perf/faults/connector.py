"""Faults of the connector, through Connect's REST API."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from cdc_perf.errors import StackFailure
from cdc_perf.faults.context import FaultContext
from cdc_perf.settings.pipeline import OWN_CANARY
from cdc_perf.stack import source
from cdc_perf.stack.connect_api import ConnectApi, answered, retried
from cdc_perf.waiting import NotReady, wait_until

_DEADLINE_SECONDS = 20.0
_LIMIT = "producer.override.max.request.size"
# Larger than every other row, and smaller than what the source's topics take.
_SMALL_LIMIT, _POISON_BYTES = 262_144, 524_288
_POISON_SECONDS = 1.0


@contextmanager
def paused(context: FaultContext) -> Iterator[str]:
    """Pause the connector for the time of the block."""
    api, name = ConnectApi.of(context.endpoints), context.pipeline.connector.name
    try:
        retried(lambda: api.pause(name))
        yield wait_for_tasks(api, name, "PAUSED")
    finally:
        retried(lambda: api.resume(name))


@contextmanager
def poisoned(context: FaultContext) -> Iterator[str]:
    """Make the connector's task fail by a row that is larger than its producer may send.

    It does not recover by itself. When the block ends, the producer's limit is what it was: the
    task is started again, and sends the row.
    """
    api, name = ConnectApi.of(context.endpoints), context.pipeline.connector.name
    config = config_of(api, name)
    table = sql.Identifier(*OWN_CANARY.name)
    insert = sql.SQL("INSERT INTO {} (id, value) VALUES (gen_random_uuid(), repeat('x', %s))")
    delete = sql.SQL("DELETE FROM {} WHERE length(value) = %s").format(table)
    try:
        retried(lambda: api.put_config(name, {**config, _LIMIT: str(_SMALL_LIMIT)}))
        with source.connect(context.endpoints.postgres_dsn) as connection:

            def failed() -> str:
                try:
                    return _tasks_are(api, name, "FAILED")
                except NotReady:
                    # The task takes its time to restart, and sends what comes before that.
                    connection.execute(insert.format(table), (_POISON_BYTES,))
                    raise

            proof = wait_until(
                failed,
                what=f"the tasks of {name} to be FAILED",
                deadline_seconds=_DEADLINE_SECONDS,
                interval_seconds=_POISON_SECONDS,
            )
        yield proof
    finally:
        retried(lambda: api.put_config(name, config))
        with source.connect(context.endpoints.postgres_dsn) as connection:
            connection.execute(delete, (_POISON_BYTES,))


def start_over(context: FaultContext) -> None:
    """Reset the connector's offsets: it starts at the end of the log, with a new slot.

    Raises:
        StackFailure: Kafka Connect refused it, or did not stop the connector in time.
    """
    api, name = ConnectApi.of(context.endpoints), context.pipeline.connector.name

    def stopped() -> None:
        status = answered(lambda: api.status(name))
        if status is None or status.state != "STOPPED" or status.tasks:
            raise NotReady("it has tasks")

    retried(lambda: api.stop(name))
    wait_until(stopped, what=f"{name} to stop", deadline_seconds=_DEADLINE_SECONDS)
    retried(lambda: api.reset_offsets(name))
    retried(lambda: api.resume(name))


def config_of(api: ConnectApi, name: str) -> dict[str, str]:
    """Return the configuration of a connector.

    Raises:
        StackFailure: There is no such connector.
    """
    config = retried(lambda: api.config(name))
    if config is None:
        raise StackFailure(f"there is no connector {name}")
    return config


def wait_for_tasks(api: ConnectApi, name: str, wanted: str) -> str:
    """Wait until every task of a connector has a state; return that as a sentence.

    Raises:
        StackFailure: They do not in time.
    """
    return wait_until(
        lambda: _tasks_are(api, name, wanted),
        what=f"the tasks of {name} to be {wanted}",
        deadline_seconds=_DEADLINE_SECONDS,
    )


def _tasks_are(api: ConnectApi, name: str, wanted: str) -> str:
    status = answered(lambda: api.status(name))
    states = [] if status is None else [task.state for task in status.tasks]
    if not states or set(states) != {wanted}:
        raise NotReady(f"its tasks are {', '.join(states) or 'gone'}")
    why = f": {status.failures[0].what}" if status is not None and status.failures else ""
    return f"Kafka Connect reports task 0 as {wanted}{why}"
