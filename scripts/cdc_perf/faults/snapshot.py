"""An incremental snapshot of a table under load."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cdc_perf.errors import StackFailure
from cdc_perf.faults.connector import config_of, wait_for_tasks
from cdc_perf.faults.context import FaultContext
from cdc_perf.stack.connect_api import ConnectApi, retried
from cdc_perf.stack.kafka_client import client_settings

_TOPIC_SECONDS = 10.0
_SNAPSHOT_SECONDS = 60.0
_POLL_SECONDS = 0.2


@contextmanager
def incremental(context: FaultContext) -> Iterator[str]:
    """Have the connector read the first table again while it streams.

    The connector gets a signal by a topic, so that nothing is written to the source, and says by
    another one when it has read the table. Both settings need a restart of its task, before the
    snapshot and when the block ends.

    https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-read-only-incremental-snapshots
    https://debezium.io/documentation/reference/stable/configuration/notification.html
    """
    api, name = ConnectApi.of(context.endpoints), context.pipeline.connector.name
    config = config_of(api, name)
    prefix = context.pipeline.kafka.topic_prefix
    signals, notifications = (f"{prefix}.fault-{what}" for what in ("signals", "notifications"))
    table = context.pipeline.tables[0].table
    changed = {**config, **_settings(context, signals, notifications)}
    with _topics(context, signals, notifications):
        try:
            retried(lambda: api.put_config(name, changed))
            wait_for_tasks(api, name, "RUNNING")
            _send(context, signals, prefix, table)
            rows = _completed(context, notifications)
            yield f"Debezium reports the incremental snapshot of {table} as completed: {rows} rows"
        finally:
            retried(lambda: api.put_config(name, config))
            wait_for_tasks(api, name, "RUNNING")


def _settings(context: FaultContext, signals: str, notifications: str) -> dict[str, str]:
    return {
        "read.only": "true",
        "signal.enabled.channels": "kafka",
        "signal.kafka.topic": signals,
        # Kafka Connect is on the same machine.
        "signal.kafka.bootstrap.servers": context.endpoints.kafka_bootstrap,
        "signal.poll.interval.ms": "200",
        "notification.enabled.channels": "sink",
        "notification.sink.topic.name": notifications,
    }


@contextmanager
def _topics(context: FaultContext, *names: str) -> Iterator[None]:
    """Create topics of one partition, and delete them when the block ends."""
    admin = AdminClient(client_settings(context.endpoints))
    try:
        made = admin.create_topics([NewTopic(name, 1, 1) for name in names])
        for answer in made.values():
            answer.result(_TOPIC_SECONDS)
        yield
    except KafkaException as error:
        raise StackFailure(f"Kafka: {error.args[0].str()}") from None
    finally:
        for answer in admin.delete_topics(list(names)).values():
            answer.exception(_TOPIC_SECONDS)


def _send(context: FaultContext, topic: str, prefix: str, table: str) -> None:
    """Ask for a snapshot; the key of a signal is the connector's prefix."""
    data = {"data-collections": [table], "type": "INCREMENTAL"}
    producer = Producer(client_settings(context.endpoints))
    producer.produce(
        topic, key=prefix, value=json.dumps({"type": "execute-snapshot", "data": data})
    )
    if producer.flush(_TOPIC_SECONDS):
        raise StackFailure("Kafka did not take the signal")


def _completed(context: FaultContext, topic: str) -> str:
    """Wait until the snapshot is completed; return how many rows it read."""
    settings = {
        **client_settings(context.endpoints),
        "group.id": "cdc-perf",
        "enable.auto.commit": False,
    }
    deadline = time.monotonic() + _SNAPSHOT_SECONDS
    rows = "?"
    with closing(Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while time.monotonic() < deadline:
            message = consumer.poll(_POLL_SECONDS)
            value = None if message is None or message.error() else message.value()
            notification = json.loads(value) if value else {}
            rows = notification.get("additional_data", {}).get("total_rows_scanned", rows)
            if notification.get("type") == "COMPLETED":
                return str(rows)
    raise StackFailure(f"the snapshot was not completed within {_SNAPSHOT_SECONDS:.0f} s")
