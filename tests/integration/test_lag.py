"""The consumer's lag and the slot's bytes, as broker and database tell them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple

import psycopg
import pytest

from cdc_perf.settings.metrics import COMMIT_SERIES, CONSUMER_LAG, SLOT_RETAINED_BYTES
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.gauges import Gauges
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.source import RetainedBytes
from cdc_perf.waiting import NotReady, wait_until

ROWS = 500
INSERT = """
    INSERT INTO customer (id, email, status)
    SELECT gen_random_uuid(), 'lag-' || n || '-' || gen_random_uuid() || '@example.test', 'active'
    FROM generate_series(1, %s) AS n
"""


@pytest.fixture
def gauges(stack: LocalStack, pipeline: Pipeline, endpoints: Endpoints) -> Iterator[Gauges]:
    with closing(Gauges(pipeline, endpoints, stack.usage)) as gauges:
        yield gauges


def test_every_gauge_of_a_stack_at_work(gauges: Gauges, stack: LocalStack) -> None:
    gauges.read({})
    values = gauges.read({})
    names = [status.name for status in stack.status()]
    expected = {f"{what}_{name}" for name in names for what in ("cpu", "memory")}
    # Those of a commit are there only right after one.
    of_commits = {name for series in COMMIT_SERIES.values() for name in astuple(series)}
    assert values.keys() - of_commits == {CONSUMER_LAG, SLOT_RETAINED_BYTES, *expected}
    assert all(values[f"memory_{name}"] > 10_000_000 for name in names)
    assert values[SLOT_RETAINED_BYTES] >= 0


def test_the_lag_rises_with_the_backlog_and_falls_to_nothing(
    gauges: Gauges, stack: LocalStack, endpoints: Endpoints
) -> None:
    def lag(expected: int) -> None:
        found = gauges.read({}).get(CONSUMER_LAG)
        if found != expected:
            raise NotReady(f"the lag is {found}")

    wait_until(lambda: lag(0), what="an idle consumer", deadline_seconds=30)
    supervisor = stack._supervisor  # noqa: SLF001 - no other way to stop one component
    supervisor.stop_program("consumer")
    try:
        with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
            connection.execute(INSERT, (ROWS,))
        wait_until(lambda: lag(ROWS), what="the backlog", deadline_seconds=30)
    finally:
        supervisor.start_program("consumer")
    wait_until(lambda: lag(0), what="the consumer", deadline_seconds=30)


def test_what_does_not_answer_is_left_out(pipeline: Pipeline, endpoints: Endpoints) -> None:
    nowhere = Endpoints(
        **{
            **{name: getattr(endpoints, name) for name in Endpoints.__struct_fields__},
            "postgres_dsn": "postgresql://cdc@127.0.0.1:1/cdc",
            "kafka_bootstrap": "127.0.0.1:1",
        }
    )
    with closing(Gauges(pipeline, nowhere, dict)) as gauges:
        assert gauges.read({}) == {}


def test_a_slot_that_is_not_there_retains_nothing(endpoints: Endpoints) -> None:
    with (
        closing(RetainedBytes(endpoints.postgres_dsn, "no_such_slot")) as retained,
        pytest.raises(NotReady, match="replication slot no_such_slot does not exist"),
    ):
        retained.read()
