"""How fast a backlog is processed: by Debezium into Kafka, then by the consumer into MongoDB."""

import time
from collections.abc import Callable

import psutil
import psycopg
import requests
from confluent_kafka import Consumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from bench.figures import Figure
from bench.rows import INSERT
from bench.workplace import Workplace
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.tools.cache import Cache
from cdc_perf.waiting import NotReady, wait_until

_ROWS = 100_000
_ROWS_A_TRANSACTION = 1000
_DEADLINE_SECONDS = 900.0


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return the events per second of both steps, and the CPU use of each process."""
    place.inv("up")
    pipeline = load_pipeline(place.checkout)
    stack = local_stack(place.checkout, pipeline, Cache.of_environment())
    endpoints = stack.endpoints()
    if endpoints is None:
        raise RuntimeError("the stack is not up")
    supervisor = Supervisor(Layout(place.checkout.stack))
    supervisor.stop_program("consumer")
    topic = pipeline.topic(next(x for x in pipeline.tables if x.table == "public.customer"))
    before = _end_of(endpoints, topic)
    began = time.perf_counter()
    _write(endpoints)
    _wait(lambda: _end_of(endpoints, topic) - before, "the topic")
    captured = time.perf_counter() - began

    supervisor.start_program("consumer")
    processes = {status.name: psutil.Process(status.pid) for status in stack.status() if status.pid}
    busy = {name: _processor_seconds(found) for name, found in processes.items()}
    _wait(lambda: _applied(endpoints) - 1, "the first batch", rows=1)
    began, first = time.perf_counter(), _applied(endpoints)
    _wait(lambda: _applied(endpoints), "the collection")
    seconds = time.perf_counter() - began
    shares = {
        name: (_processor_seconds(found) - busy[name]) / seconds
        for name, found in processes.items()
    }
    place.inv("down")
    note = f"{_ROWS:,} inserts, {_ROWS_A_TRANSACTION:,} per transaction"
    return (
        Figure(
            "rows written to PostgreSQL and captured into Kafka",
            "events/s",
            (_ROWS / captured,),
            note,
        ),
        Figure(
            "backlog applied by the consumer",
            "events/s",
            ((_applied_rows(first)) / seconds,),
            f"{note}, each a new document",
        ),
        *(Figure(f"CPU use of {name}", "cores", (share,)) for name, share in shares.items()),
    )


def _applied_rows(first: float) -> float:
    return _ROWS - first


def _write(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
        for _ in range(_ROWS // _ROWS_A_TRANSACTION):
            connection.execute(INSERT, (_ROWS_A_TRANSACTION,))


def _end_of(endpoints: Endpoints, topic: str) -> int:
    asking = Consumer(
        {"bootstrap.servers": endpoints.kafka_bootstrap, "group.id": "cdc-perf-bench"}
    )
    try:
        _, high = asking.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    finally:
        asking.close()
    return int(high)


def _applied(endpoints: Endpoints) -> float:
    """Return how many events the consumer has applied since its start; 0 while it starts."""
    try:
        text = requests.get(f"{endpoints.consumer_url}/metrics", timeout=5).text
    except requests.ConnectionError:
        return 0.0
    families = text_string_to_metric_families(text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "cdc_consumer_events_total"
    )


def _processor_seconds(process: psutil.Process) -> float:
    family = (process, *process.children(recursive=True))
    return sum(sum(member.cpu_times()[:2]) for member in family)


def _wait(count: Callable[[], float], what: str, rows: int = _ROWS) -> None:
    def probe() -> None:
        if (found := count()) < rows:
            raise NotReady(f"{found:,.0f} of {rows:,} rows")

    wait_until(probe, what=what, deadline_seconds=_DEADLINE_SECONDS, interval_seconds=0.2)
