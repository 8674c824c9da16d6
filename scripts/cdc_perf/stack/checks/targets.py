"""Checks that the sink can hold the captured tables."""

from collections.abc import Mapping, Sequence

from cdc_perf.settings.pipeline import MongodbSink, Pipeline, PostgresSink
from cdc_perf.stack import source
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.checks.capture import KEY, PUBLISHED, RIGHTS
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collections import expect_collections
from cdc_perf.stack.checks.results import Checks
from cdc_perf.stack.checks.sink_tables import expect_sink_table
from cdc_perf.stack.endpoints import Endpoints

_SINK = "sink"
SINK_TABLES = "tables of the sink"


def check_targets(
    checks: Checks,
    pipeline: Pipeline,
    endpoints: Endpoints,
    tables: Sequence[CheckedTable],
    config: Mapping[str, str],
) -> None:
    """Check that the sink has, or accepts, what each table arrives in.

    Args:
        checks: Gets the results; it has those of the source if the sink has typed tables.
        pipeline: The pipeline.
        endpoints: Its addresses.
        tables: The tables of the source.
        config: The configuration of the source's connector, which may leave out columns.
    """
    match pipeline.sink:
        case MongodbSink():
            checks.run(
                "collections",
                lambda: expect_collections(pipeline, endpoints),
                needs=("mongodb",),
                requested=", ".join(table.target for table in pipeline.tables),
            )
        case PostgresSink():

            def body() -> None:
                with source.connect(endpoints.sink_dsn) as there:
                    checks.run_on_tables(
                        SINK_TABLES,
                        lambda checked: expect_sink_table(checked, there, filtered),
                        tables,
                        needs=(RIGHTS, KEY, PUBLISHED),
                    )

            filtered = ConnectorFilter.of(config)
            checks.group(SINK_TABLES, body, needs=(_SINK,))
