"""What an observation can measure of a pipeline, decided before it begins."""

from collections.abc import Sequence

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.hops import CONSUMER_HOPS, RECORD_HOPS
from cdc_perf.settings.metrics import CONSUMER_LAG, Source
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.scenarios import OBSERVE
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.endpoints import Endpoints

_K6_ALONE = frozenset(("cpu_k6", "memory_k6", "lag_recovery_seconds"))
# Without cdc-consumer and k6, nothing tells when a change is in the sink.
_OF_RECORDS = frozenset(hop.metric for hop in RECORD_HOPS.hops[:2])
_OF_CONSUMER = frozenset(hop.metric for hop in CONSUMER_HOPS.all)


def expect_measurable(
    thresholds: Sequence[Threshold], pipeline: Pipeline, endpoints: Endpoints
) -> None:
    """Return if the thresholds can judge an observation of a pipeline.

    At least one must be on the lag or on a hop: only these say how fast the pipeline is.

    Args:
        thresholds: The thresholds of `observe`.
        pipeline: The pipeline.
        endpoints: Its addresses.

    Raises:
        UsageFailure: One cannot be measured, or none is on the lag or a hop.
    """
    for threshold in thresholds:
        if why := _why_not(threshold, pipeline, endpoints):
            patch = f'{{"{OBSERVE}": {{"{threshold.metric}": null}}}}'
            raise UsageFailure(
                f"{OBSERVE}.{threshold.metric}: cannot be measured: {why}",
                hint=f"remove it with {patch} in the pipeline's thresholds.json",
            )
    if not any(x.kind.source is Source.HOPS or x.metric == CONSUMER_LAG for x in thresholds):
        raise UsageFailure(
            f"{OBSERVE}: --observe-only needs a threshold on {CONSUMER_LAG} or a hop",
            hint=f'add {{"{OBSERVE}": {{"hop_source_to_debezium": {{"p95": 2000}}}}}} to the '
            "pipeline's thresholds.json",
        )


def _why_not(threshold: Threshold, pipeline: Pipeline, endpoints: Endpoints) -> str:
    """Return why a threshold's metric cannot be measured; empty if it can."""
    metric = threshold.metric
    if metric in _K6_ALONE:
        return "k6 does not run"
    if metric == CONSUMER_LAG and not pipeline.consumer_group:
        return "the pipeline has no consumer group"
    if threshold.kind.source is Source.HOPS:
        if endpoints.consumer_url:
            return "" if metric in _OF_CONSUMER else "cdc-consumer measures other hops"
        return "" if metric in _OF_RECORDS else "it needs cdc-consumer's metrics, or k6"
    return ""
