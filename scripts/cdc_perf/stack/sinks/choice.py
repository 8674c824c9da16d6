"""The sink of a pipeline."""

from cdc_perf.settings.pipeline import KafkaSink, MongodbSink, Pipeline, PostgresSink
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sinks.kafka import KafkaTarget
from cdc_perf.stack.sinks.mongodb import MongodbTarget
from cdc_perf.stack.sinks.postgres import PostgresTarget
from cdc_perf.stack.sinks.sink import Sink


def sink_of(pipeline: Pipeline, endpoints: Endpoints) -> Sink:
    """Return where a pipeline's changes arrive; nothing is connected yet."""
    match pipeline.sink:
        case MongodbSink():
            return MongodbTarget(endpoints.mongodb_uri, endpoints.mongodb_database)
        case PostgresSink():
            return PostgresTarget(endpoints.sink_dsn)
        case KafkaSink():
            return KafkaTarget(endpoints.kafka_bootstrap, pipeline, endpoints.kafka_client)
