"""The checks in their order; each raises at the first fault, and asks without changing anything."""

from collections.abc import Iterator
from contextlib import suppress

from cdc_perf.settings.connector_rules import connector_warnings
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import connector, source
from cdc_perf.stack.checks.capture import ANY_SOURCE, Check, expect_capturable
from cdc_perf.stack.checks.collections import expect_collections
from cdc_perf.stack.checks.deployed import expect_deployed
from cdc_perf.stack.checks.publication import expect_publication
from cdc_perf.stack.checks.toast import every_lost_toast
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady


def check_pipeline(
    pipeline: Pipeline, endpoints: Endpoints, checks: tuple[Check, ...] = ANY_SOURCE
) -> None:
    """Refuse tables, a publication or collections that do not fit pipeline.toml.

    A component that does not answer is skipped: the health check and the gates report it.

    Args:
        pipeline: The pipeline.
        endpoints: Where it is.
        checks: Of the source; the publication is checked after them.

    Raises:
        StackFailure: The first fault.
    """
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        expect_capturable(connection, pipeline, checks)
        expect_publication(connection, pipeline)
    with suppress(NotReady):
        expect_collections(pipeline, endpoints)


def warnings(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[str]:
    """Return what to know of a pipeline that others run, and what they may want as it is.

    Its tables may lose TOASTed values: they may hold none that large, and a loss is found. Its
    connector may leave out the order of the commits.
    """
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        for each in every_lost_toast(connection, pipeline):
            yield f"warning: {each}; remedy: {each.remedy}"
    yield from connector_warnings(connector.deployed_config(pipeline, endpoints))


def check_connector(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Refuse a connector that contradicts pipeline.toml, where Kafka Connect has one.

    Raises:
        StackFailure: The first contradiction.
    """
    with suppress(NotReady):
        expect_deployed(pipeline, endpoints)
