"""The checks of a pipeline in their order. They change nothing."""

from collections.abc import Iterator
from contextlib import suppress

from cdc_perf.settings.connector_rules import connector_warnings
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import connector, source
from cdc_perf.stack.checks.capture import ANY_SOURCE, OWN_SOURCE, TableCheck, check_source
from cdc_perf.stack.checks.checked_table import checked_tables
from cdc_perf.stack.checks.connectors import (
    connector_names,
    expect_deployed,
)
from cdc_perf.stack.checks.flow import check_topics
from cdc_perf.stack.checks.plugins import expect_plugins
from cdc_perf.stack.checks.results import Checks, Result
from cdc_perf.stack.checks.slot import expect_slot, slots
from cdc_perf.stack.checks.targets import check_targets
from cdc_perf.stack.checks.toast import every_lost_toast
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.connector_health import CONNECTOR
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

# What a check may rely on if the caller has not probed the components.
ANSWERING = frozenset((*COMPONENTS, CONNECTOR, "sink"))


def check_pipeline(
    pipeline: Pipeline,
    endpoints: Endpoints,
    of_tables: tuple[TableCheck, ...] = OWN_SOURCE,
    checks: Checks | None = None,
) -> tuple[Result, ...]:
    """Check that tables, publication, and sink match pipeline.toml.

    A component that does not answer makes a result unknown: the health check and the gates report
    it.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        of_tables: The checks of each table.
        checks: Gets the results; it knows which components answer. None: all of them.
    """
    checks = checks or Checks(ANSWERING)

    def body() -> None:
        with source.connect(endpoints.postgres_dsn) as connection:
            check_source(checks, connection, pipeline, of_tables)
            config = connector.deployed_config(pipeline, endpoints) or pipeline.connector.config
            tables = checked_tables(connection, pipeline)
            check_targets(checks, pipeline, endpoints, tables, config)

    checks.group("source", body, needs=("postgres",))
    return checks.results


def check_flow(
    pipeline: Pipeline,
    endpoints: Endpoints,
    *,
    reading: bool,
    of_tables: tuple[TableCheck, ...] = ANY_SOURCE,
    checks: Checks | None = None,
) -> tuple[Result, ...]:
    """Check everything that can be read: the parts of `check_pipeline`, connectors, and topics.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        reading: Whether the connectors must run. Before a deployment, their configuration and the
            topics are not checked.
        of_tables: As in `check_pipeline`.
        checks: As in `check_pipeline`.
    """
    checks = checks or Checks(ANSWERING)
    check_pipeline(pipeline, endpoints, of_tables, checks)
    checks.run("plugins", lambda: expect_plugins(pipeline, endpoints), needs=("connect",))
    if reading:
        checks.run(
            "connector configuration",
            lambda: expect_deployed(pipeline, endpoints),
            # The component's own result says that there is no connector.
            needs=("connect", CONNECTOR),
            requested=pipeline.connector.name,
            exists=lambda: ", ".join(connector_names(endpoints)),
        )

    def slot() -> None:
        with source.connect(endpoints.postgres_dsn) as connection:
            checks.run(
                "replication slot",
                lambda: expect_slot(connection, pipeline, reading=reading),
                requested=pipeline.postgres.slot,
                exists=lambda: slots(connection),
            )

    checks.group("replication slot", slot, needs=("postgres",))
    if reading:
        prefix_known = bool(connector.deployed_config(pipeline, endpoints))
        check_topics(checks, pipeline, endpoints, prefix_known=prefix_known)
    return checks.results


def warnings(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[str]:
    """Return warnings about an external pipeline, which its owners may ignore.

    Its tables may lose TOASTed values: they may contain none that large, and the data-loss check
    detects a loss. Its connector may omit the order of commits.
    """
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        for each in every_lost_toast(connection, pipeline):
            yield f"warning: {each}; remedy: {each.remedy}"
    yield from connector_warnings(connector.deployed_config(pipeline, endpoints))
