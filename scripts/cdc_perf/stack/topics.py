"""The topics of the pipeline, created before anything subscribes to them.

A consumer that subscribes to a topic before it exists finds it only at its next metadata refresh.
"""

from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline

_TIMEOUT_SECONDS = 5.0
_ALREADY_THERE = "TOPIC_ALREADY_EXISTS"
_LARGEST_REQUEST = "producer.override.max.request.size"
_LARGEST_MESSAGE = "max.message.bytes"


def settings(pipeline: Pipeline) -> dict[str, str]:
    """Return the topic settings: topics accept what the connector's producer may send."""
    largest = pipeline.connector.config.get(_LARGEST_REQUEST)
    return {} if largest is None else {_LARGEST_MESSAGE: largest}


def create(bootstrap: str, pipeline: Pipeline, client: Mapping[str, str]) -> None:
    """Create the topics that are missing; update the settings of existing ones.

    Args:
        bootstrap: The broker.
        pipeline: The pipeline.
        client: Further settings, with librdkafka's names: TLS and login.

    Raises:
        StackFailure: The broker refused a topic.
    """
    tables = [pipeline.topic(table) for table in pipeline.captured]
    dead_letters = pipeline.kafka.dead_letter_topic
    names = (*tables, *((dead_letters,) if dead_letters else ()))
    wanted = [
        NewTopic(
            name,
            num_partitions=pipeline.kafka.partitions,
            replication_factor=1,
            config=settings(pipeline),
        )
        for name in names
    ]
    # Keep it: the answers are lost without it.
    admin = AdminClient({**client, "bootstrap.servers": bootstrap, "log_level": 0})
    answers = admin.create_topics(wanted, operation_timeout=_TIMEOUT_SECONDS)
    there = []
    for name, answer in answers.items():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].name() != _ALREADY_THERE:
                raise StackFailure(f"topic {name}: {error.args[0].str()}") from None
            there.append(name)
    _set(admin, there, settings(pipeline))


def _set(admin: AdminClient, names: Sequence[str], wanted: Mapping[str, str]) -> None:
    """Set the given settings of existing topics; keep the others."""
    if not names or not wanted:
        return
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                for key, value in wanted.items()
            ],
        )
        for name in names
    ]
    answers = admin.incremental_alter_configs(resources, request_timeout=_TIMEOUT_SECONDS)
    for resource, answer in answers.items():
        try:
            answer.result()
        except KafkaException as error:
            raise StackFailure(f"topic {resource.name}: {error.args[0].str()}") from None
