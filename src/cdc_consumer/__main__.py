"""`python -m cdc_consumer PIPELINE_TOML`: assemble the consumer and run it until it is stopped."""

import os
import sys

import pymongo
from confluent_kafka import Consumer, KafkaException
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pymongo import MongoClient, ReadPreference
from pymongo.errors import ConfigurationError as MongoConfigurationError
from pymongo.errors import InvalidURI, PyMongoError

from cdc_consumer import http_server
from cdc_consumer.dead_letter import DeadLetterTopic
from cdc_consumer.errors import ConfigurationError, GaveUpError
from cdc_consumer.health import HealthResponse, health, readiness
from cdc_consumer.log import log
from cdc_consumer.loop import Dependencies, Loop
from cdc_consumer.metrics import Metrics
from cdc_consumer.progress import AnswerListener, Progress
from cdc_consumer.retry import Retry
from cdc_consumer.settings import (
    Endpoints,
    Pipeline,
    load_endpoints,
    load_pipeline,
    pipeline_file,
)
from cdc_consumer.sink import Document, Sink
from cdc_consumer.stopping import Stopping
from cdc_consumer.subscription import Subscription, consumer_config
from cdc_consumer.telemetry import Telemetry, telemetry

PING_SECONDS = 1.0
SELECT_MS = 2_000
# A write without an answer after this time is resent, which the guard makes harmless.
SOCKET_MS = 10_000


def main(arguments: list[str]) -> int:
    """Run the consumer; return the exit code: 0 stopped, 2 wrong settings, 3 gave up."""
    # Before the MongoDB client, because a signal in one of its threads would end the process.
    stopping = Stopping()
    try:
        pipeline = load_pipeline(pipeline_file(arguments))
        endpoints = load_endpoints(os.environ)
        progress = Progress()
        client = _mongo_client(endpoints.mongodb_uri, progress)
        exporter = telemetry(os.environ)
        _run(pipeline, endpoints, client, progress, stopping, exporter)
    except (ConfigurationError, GaveUpError) as error:
        sys.stderr.write(f"cdc-consumer: {error}\n")
        return error.exit_code
    except KafkaException as error:
        sys.stderr.write(f"cdc-consumer: Kafka: {error.args[0].str()}\n")
        return GaveUpError.exit_code
    stopping.finished()
    if exporter is not None:
        exporter.close()
    return 0


def _run(
    pipeline: Pipeline,
    endpoints: Endpoints,
    client: MongoClient[Document],
    progress: Progress,
    stopping: Stopping,
    exporter: Telemetry | None,
) -> None:
    tables, required = pipeline.by_topic(), pipeline.required_topics()
    collections = [table.collection for table in pipeline.mirrored]
    limits = pipeline.consumer
    bootstrap = endpoints.kafka_bootstrap
    consumer = Consumer(
        consumer_config(
            bootstrap,
            pipeline.kafka.consumer_group,
            limits.retry_seconds,
            endpoints.group_instance,
        )
    )

    def on_retry(what: str, why: str) -> None:
        # Waiting for a dependency is not a hang: a restart would fix nothing.
        progress.tick()
        subscription.refresh_watermarks()
        metrics.retried()
        log("retry", what=what, why=why[:300])

    retry = Retry(limits.retry_seconds, stopping.asked, on_retry)
    subscription = Subscription(consumer, bootstrap, list(tables), progress, retry)
    metrics = Metrics(collections, subscription.lag)
    # A secondary's data may be older than what the write was compared with.
    database = client.get_database(pipeline.sink.database, read_preference=ReadPreference.PRIMARY)
    sink = Sink(database, retry)
    dead_letters = DeadLetterTopic(bootstrap, pipeline.kafka.dead_letter_topic, retry, progress)
    server = http_server.start(
        endpoints.http_host,
        endpoints.http_port,
        {
            "/healthz": lambda: health(progress.state()),
            "/readyz": lambda: readiness(
                progress.state(),
                [topic for topic in subscription.unassigned() if topic in required],
                subscription.assigned(),
                lambda: _ping(client),
            ),
            "/metrics": lambda: HealthResponse(200, CONTENT_TYPE_LATEST, metrics.exposition()),
        },
    )
    log("started", group=pipeline.kafka.consumer_group, topics=",".join(tables))
    try:
        sink.prepare(collections, int(limits.delete_marker_ttl_hours * 3600))
        subscription.begin()
        writer = sink if exporter is None else exporter.traced(sink, pipeline.kafka.consumer_group)
        ports = Dependencies(consumer, subscription, writer, dead_letters, metrics, progress)
        Loop(ports, tables, limits.max_batch_size).run(stopping.asked)
    finally:
        stopping.closing()
        server.shutdown()
        subscription.close()
        client.close()
    log("stopped")


def _mongo_client(uri: str, progress: Progress) -> MongoClient[Document]:
    try:
        client: MongoClient[Document] = MongoClient(
            uri,
            appname="cdc-consumer",
            serverSelectionTimeoutMS=SELECT_MS,
            connectTimeoutMS=SELECT_MS,
            socketTimeoutMS=SOCKET_MS,
            event_listeners=[AnswerListener(progress)],
        )
    except (InvalidURI, MongoConfigurationError, ValueError) as error:
        raise ConfigurationError(f"CDC_MONGODB_URI: {error}") from error
    if not client.write_concern.acknowledged:
        raise ConfigurationError("CDC_MONGODB_URI: w=0 would lose writes silently; remove it")
    return client


def _ping(client: MongoClient[Document]) -> str:
    try:
        with pymongo.timeout(PING_SECONDS):
            client.admin.command("ping")
    except PyMongoError as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
