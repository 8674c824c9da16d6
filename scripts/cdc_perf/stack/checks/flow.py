"""Checks that the parts of an external pipeline belong together: slot, topics, group, and events.

Without them, a wrong name is found only after a load, as lost data.
"""

from collections.abc import Iterable
from contextlib import suppress

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.checks.broker import Broker, broker_of
from cdc_perf.stack.checks.consumer_group import expect_reader
from cdc_perf.stack.checks.event_form import expect_forms
from cdc_perf.stack.checks.plugins import expect_plugins
from cdc_perf.stack.checks.slot import expect_slot
from cdc_perf.stack.checks.topic_names import expect_topics
from cdc_perf.stack.connector import deployed_config
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.topic_windows import Windows
from cdc_perf.waiting import NotReady


def check_flow(pipeline: Pipeline, endpoints: Endpoints, *, reading: bool) -> tuple[str, ...]:
    """Return warnings about a pipeline whose parts are run by others.

    It skips a component that does not answer: the health check and the gates report it.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        reading: Whether the connector must run. Before its deployment, only the slot and the
            plugins are checked.

    Raises:
        StackFailure: The first problem.
    """
    with suppress(NotReady):
        expect_plugins(pipeline, endpoints)
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        expect_slot(connection, pipeline, reading=reading)
    return _check_kafka(pipeline, endpoints) if reading else ()


def check_events(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Raise StackFailure if the newest event has a form that cannot be read.

    Raises:
        StackFailure: It cannot be read.
    """
    with suppress(NotReady), broker_of(pipeline, endpoints) as broker:
        topics = broker.topics()
        expect_forms(pipeline, broker.last_records(_windows(pipeline, broker, topics)))


def _check_kafka(pipeline: Pipeline, endpoints: Endpoints) -> tuple[str, ...]:
    warnings: list[str] = []
    # A connector that runs with another prefix is a contradiction, which was checked before.
    prefix_known = bool(deployed_config(pipeline, endpoints))
    with suppress(NotReady), broker_of(pipeline, endpoints) as broker:
        topics = broker.topics()
        warnings += expect_topics(pipeline, topics, prefix_known=prefix_known)
        windows = _windows(pipeline, broker, topics)
        with suppress(NotReady):
            warnings += expect_reader(pipeline, broker, windows)
        warnings += expect_forms(pipeline, broker.last_records(windows))
    return tuple(warnings)


def _windows(pipeline: Pipeline, broker: Broker, there: Iterable[str]) -> Windows:
    wanted = {pipeline.topic(table) for table in pipeline.tables}
    return broker.windows(sorted(wanted.intersection(there)))
