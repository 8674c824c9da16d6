"""Errors of every kind that a panel counts, planted into a pipeline under load."""

from datetime import UTC, datetime

import psutil
import psycopg
from confluent_kafka import Producer

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.observed.prometheus import Prometheus, Span

EVERY = 200
_BURST = 30_000
_BURSTS = 8
# Of every EVERY inserts one is refused, and one is put under another key than the one waited for.
_PLANT = f"""
    CREATE SEQUENCE planted;
    CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE turn bigint := nextval('planted') % {EVERY};
    BEGIN
        IF turn = {EVERY // 4} THEN
            RAISE EXCEPTION 'planted';
        ELSIF turn = {EVERY // 2} THEN
            NEW.id := gen_random_uuid();
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER plant BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION plant();
"""
_UPROOT = "DROP TRIGGER plant ON customer"
_ROWS = """
    INSERT INTO customer (id, email, status)
    SELECT gen_random_uuid(), gen_random_uuid() || '@example.test', 'active'
    FROM generate_series(1, %s)
"""


def plant_refusals(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
        connection.execute(_PLANT)


def uproot_refusals(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
        connection.execute(_UPROOT)


def freeze_and_kill_mongodb(stack: LocalStack, prometheus: Prometheus) -> None:
    """Freeze MongoDB until reads fail, then kill it: it is started again."""
    pid = next(status.pid for status in stack.status() if status.name == "mongodb")
    assert pid is not None
    server = psutil.Process(pid)
    server.suspend()

    def failing() -> None:
        if not prometheus.value("sum(k6_mongo_read_errors_total)"):
            raise NotReady("no read has failed")

    try:
        wait_until(failing, what="reads of a frozen MongoDB to fail", deadline_seconds=25)
    finally:
        server.kill()


def send_a_dead_letter(pipeline: Pipeline, endpoints: Endpoints, prometheus: Prometheus) -> None:
    """Write a record that is no event, until the alert that it was put aside fires."""
    producer = Producer({"bootstrap.servers": endpoints.kafka_bootstrap})
    producer.produce(pipeline.topic(pipeline.canary_table), key=b"{}", value=b"not JSON")
    producer.flush(10)

    def seen() -> None:
        firing = 'ALERTS{alertname="CdcDeadLetters", alertstate="firing"}'
        if not prometheus.value(firing):
            raise NotReady("the alert does not fire")

    wait_until(seen, what="the dead letter", deadline_seconds=20)


def burst(endpoints: Endpoints, prometheus: Prometheus) -> None:
    """Insert rows faster than Debezium sends them on, until a scrape has met a queue."""
    queue = "debezium_queue_capacity - debezium_queue_remaining_capacity"
    begin = datetime.now(UTC)

    def queued() -> None:
        found = prometheus.between(queue, Span("", begin, datetime.now(UTC)))
        if not any(value for _, values in found for value in values):
            raise NotReady("no scrape met an event in the queue")

    with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
        for number in range(_BURSTS):
            connection.execute(_ROWS, (_BURST,))
            try:
                wait_until(queued, what="a queue", deadline_seconds=10)
            except Exception:
                if number == _BURSTS - 1:
                    raise
            else:
                return
