"""Checks that the sink can hold the captured tables."""

from cdc_perf.settings.pipeline import MongodbSink, Pipeline, PostgresSink
from cdc_perf.stack.checks.collections import expect_collections
from cdc_perf.stack.checks.sink_tables import expect_sink_tables
from cdc_perf.stack.endpoints import Endpoints


def expect_targets(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the sink has, or accepts, what each table arrives in.

    Raises:
        NotReady: A database does not answer.
        StackFailure: The sink lacks a table or a column, or refuses a collection.
    """
    match pipeline.sink:
        case MongodbSink():
            expect_collections(pipeline, endpoints)
        case PostgresSink():
            expect_sink_tables(pipeline, endpoints)
