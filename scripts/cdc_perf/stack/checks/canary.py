"""The check that sends the canary row: the only one that writes."""

from functools import partial

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import MongodbSink, Pipeline
from cdc_perf.stack import canary
from cdc_perf.stack.checks.collecting import failures_in
from cdc_perf.stack.checks.flow import check_events
from cdc_perf.stack.checks.results import Result, State
from cdc_perf.stack.endpoints import Endpoints

_NAME = "canary"


def check_canary(pipeline: Pipeline, endpoints: Endpoints) -> Result:
    """Send the canary row through every hop, and delete it again.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses, and the row.
    """
    explain = partial(check_events, pipeline, endpoints)
    try:
        seconds = canary.run_canary(pipeline, endpoints, explain=explain)
    except StackFailure as failure:
        return Result(_NAME, State.FAILED, failures=failures_in(failure))
    took = f"through every hop in {seconds * 1000:.0f} ms"
    return Result(_NAME, State.OK, took, remains=what_remains(pipeline, endpoints.canary.table))


def no_canary(why: str) -> Result:
    """Return the result of a canary that is not sent."""
    return Result(_NAME, State.SKIPPED, why)


def what_remains(pipeline: Pipeline, table: str) -> str:
    """Return what a deleted row of a table leaves until it expires, as a sentence."""
    topic = next(pipeline.topic(each) for each in pipeline.captured if each.table == table)
    records = f"its records in the topic {topic} expire with the topic's retention"
    if isinstance(pipeline.sink, MongodbSink) and pipeline.consumer is not None:
        hours = pipeline.consumer.delete_marker_ttl_hours
        return f"the canary left no row; its delete marker expires after {hours:g} h; {records}"
    return f"the canary left no row; {records}"
