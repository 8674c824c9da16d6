"""Checks that the tables' topics have the prefix that pipeline.toml names."""

from collections.abc import Collection

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Pipeline

_MOST_LISTED = 3
# https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-topic-heartbeat-prefix
_HEARTBEAT = "__debezium-heartbeat"


def expect_topics(
    pipeline: Pipeline, there: Collection[str], *, prefix_known: bool
) -> tuple[str, ...]:
    """Return warnings of topics that do not exist.

    A connector's producer creates a topic at the first event of its table, so a missing topic alone
    is no fault. It is one if nothing has the prefix, and topics of the same table with another do.

    Args:
        pipeline: The pipeline.
        there: The topics that exist.
        prefix_known: Whether the connector is known to use the prefix.

    Raises:
        StackFailure: The prefix is wrong.
    """
    prefix = pipeline.kafka.topic_prefix
    missing = [table for table in pipeline.tables if pipeline.topic(table) not in there]
    in_use = len(missing) < len(pipeline.tables) or f"{_HEARTBEAT}.{prefix}" in there
    for table in missing if not (prefix_known or in_use) else ():
        topic = pipeline.topic(table)
        suffix = topic.removeprefix(prefix)
        same = [each for each in sorted(there) if each.endswith(suffix)]
        if same:
            raise SettingFailure(
                f"pipeline.toml: kafka.topic_prefix: there is no topic {topic}; "
                f"{nearest(topic, same)}",
                hint="use the topic.prefix of your connector",
            )
    if not missing:
        return ()
    more = len(missing) - _MOST_LISTED
    names = ", ".join(pipeline.topic(table) for table in missing[:_MOST_LISTED])
    warning = (
        f"warning: there is no topic {names}{f', nor {more} more' if more > 0 else ''}: no event "
        "was ever sent, or kafka.topic_prefix is wrong; remedy: write a row, or correct it"
    )
    return (warning,)
