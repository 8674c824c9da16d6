"""Checks that the parts of an external pipeline belong together: topics, group, and events.

Without them, a wrong name is found only after a load, as lost data.
"""

from collections.abc import Iterable
from contextlib import suppress

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.broker import Broker, broker_of
from cdc_perf.stack.checks.capture import KEY
from cdc_perf.stack.checks.consumer_group import expect_reader
from cdc_perf.stack.checks.event_form import expect_forms
from cdc_perf.stack.checks.results import Checks
from cdc_perf.stack.checks.topic_names import expect_topics
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.topic_windows import Windows
from cdc_perf.waiting import NotReady

_MOST_SHOWN = 10


def check_topics(
    checks: Checks, pipeline: Pipeline, endpoints: Endpoints, *, prefix_known: bool
) -> None:
    """Check the topics, the consumer group, and the last record of each topic.

    Args:
        checks: Gets the results.
        pipeline: The pipeline.
        endpoints: Its addresses.
        prefix_known: Whether the connector is known to use the prefix: one that runs with another
            is a contradiction, which is a failure of its own.
    """

    def body() -> None:
        with broker_of(pipeline, endpoints) as broker:
            topics = broker.topics()
            checks.run(
                "topics",
                lambda: expect_topics(pipeline, topics, prefix_known=prefix_known),
                requested=", ".join(pipeline.topic(table) for table in pipeline.tables),
                exists=lambda: _shown(pipeline, topics),
            )
            windows = _windows(pipeline, broker, topics)
            checks.run(
                "consumer group",
                lambda: expect_reader(pipeline, broker, windows),
                requested=pipeline.consumer_group or "none",
            )
            checks.run(
                "last record",
                lambda: expect_forms(pipeline, broker.last_records(windows)),
                needs=(KEY,),
            )

    checks.group("topics", body, needs=("kafka",))


def check_events(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Raise StackFailure if the newest event has a form that cannot be read.

    Raises:
        StackFailure: It cannot be read.
    """
    with suppress(NotReady), broker_of(pipeline, endpoints) as broker:
        topics = broker.topics()
        expect_forms(pipeline, broker.last_records(_windows(pipeline, broker, topics)))


def _windows(pipeline: Pipeline, broker: Broker, there: Iterable[str]) -> Windows:
    wanted = {pipeline.topic(table) for table in pipeline.tables}
    return broker.windows(sorted(wanted.intersection(there)))


def _shown(pipeline: Pipeline, topics: Iterable[str]) -> str:
    """Return the topics, those of the tables first, without Kafka's own, as a list for people."""
    wanted = {pipeline.topic(table) for table in pipeline.tables}
    names = sorted((x for x in topics if not x.startswith("_")), key=lambda x: (x not in wanted, x))
    more = len(names) - _MOST_SHOWN
    return ", ".join(names[:_MOST_SHOWN]) + (f", and {more} more" if more > 0 else "")
