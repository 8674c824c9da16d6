"""The topics of the pipeline, made before anything subscribes to them.

A consumer that subscribes to a topic which comes later learns of it only when its metadata are
renewed.
"""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from scripts.errors import StackFailure
from scripts.settings.pipeline import Pipeline
from scripts.waiting import NotReady

_TIMEOUT_SECONDS = 5.0
_ALREADY_THERE = "TOPIC_ALREADY_EXISTS"


def _admin(bootstrap: str) -> AdminClient:
    # Quiet: a broker that is still starting refuses connections, and that is waited for.
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def cluster_id(bootstrap: str) -> str:
    """Return the id of the cluster behind the address.

    Raises:
        NotReady: No broker answers.
    """
    try:
        return str(_admin(bootstrap).list_topics(timeout=_TIMEOUT_SECONDS).cluster_id)
    except KafkaException as error:
        raise NotReady(f"{bootstrap}: {error.args[0].str()}") from None


def create(bootstrap: str, pipeline: Pipeline) -> None:
    """Create the topic of each table, and the dead-letter topic, unless they are there.

    Raises:
        StackFailure: The broker refused one.
    """
    names = [pipeline.topic(table) for table in pipeline.tables]
    wanted = [
        NewTopic(name, num_partitions=pipeline.kafka.partitions, replication_factor=1)
        for name in (*names, pipeline.kafka.dead_letter_topic)
    ]
    admin = _admin(bootstrap)  # held until the answers are in: they end with it
    answers = admin.create_topics(wanted, operation_timeout=_TIMEOUT_SECONDS)
    for name, answer in answers.items():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].name() != _ALREADY_THERE:
                raise StackFailure(f"topic {name}: {error.args[0].str()}") from None
