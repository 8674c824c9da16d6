"""Which thresholds can judge an observation of which pipeline."""

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.perf.observation import expect_measurable
from cdc_perf.settings.expressions import Expression, Operator
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.scenarios import OBSERVE, load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.thresholds import Threshold
from tests.unit.perf.fakes import endpoints

ROOT = Checkout.here().root
KINDS = load_metrics(Checkout.here())
WITH_CONSUMER, WITHOUT = endpoints(), endpoints(consumer_url="")
PIPELINES = ("sample", "kafka-only", "mongodb-sink", "postgres-to-postgres")


def checkout(pipeline: str) -> Checkout:
    return Checkout.at(ROOT, {"CDC_PIPELINE": str(ROOT / "pipelines" / pipeline)})


def on(metric: str) -> Threshold:
    stat = "value" if KINDS[metric].type == "gauge" else "p95"
    return Threshold(KINDS[metric], Expression(stat, Operator.AT_MOST, 100.0))


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_committed_thresholds_judge_every_pipeline(pipeline: str) -> None:
    here = checkout(pipeline)
    table = load_thresholds(here, load_scenarios(here).names, KINDS)
    loaded = load_pipeline(here)
    addresses = WITHOUT if loaded.consumer is None else WITH_CONSUMER
    expect_measurable(table.thresholds_of(OBSERVE), loaded, addresses)


@pytest.mark.parametrize(
    ("metric", "pipeline", "consumer", "why"),
    [
        ("consumer_lag", "kafka-only", False, "the pipeline has no consumer group"),
        ("hop_total", "mongodb-sink", False, "it needs cdc-consumer's metrics, or k6"),
        ("hop_kafka_to_consumer", "mongodb-sink", False, "it needs cdc-consumer's metrics, or k6"),
        ("hop_kafka_to_sink", "mongodb-sink", False, "it needs cdc-consumer's metrics, or k6"),
        ("hop_kafka_to_sink", "sample", True, "cdc-consumer measures other hops"),
        ("memory_k6", "sample", True, "k6 does not run"),
    ],
)
def test_what_a_pipeline_cannot_have_is_refused_with_its_remedy(
    metric: str,
    pipeline: str,
    consumer: bool,  # noqa: FBT001 - a column of the table
    why: str,
) -> None:
    known = load_pipeline(checkout(pipeline))
    addresses = WITH_CONSUMER if consumer else WITHOUT
    with pytest.raises(UsageFailure) as failure:
        expect_measurable((on("hop_source_to_debezium"), on(metric)), known, addresses)
    assert failure.value.message == f"observe.{metric}: cannot be measured: {why}"
    assert f'{{"observe": {{"{metric}": null}}}}' in failure.value.hint


@pytest.mark.parametrize("metric", ["consumer_lag", "hop_total", "hop_source_to_debezium"])
def test_one_threshold_on_the_lag_or_a_hop_is_enough(metric: str) -> None:
    expect_measurable((on(metric),), load_pipeline(checkout("sample")), WITH_CONSUMER)


def test_a_count_of_findings_alone_does_not_judge_the_speed() -> None:
    known = load_pipeline(checkout("sample"))
    with pytest.raises(UsageFailure, match=r"needs a threshold on consumer_lag or a hop"):
        expect_measurable((on("rows_lost"),), known, WITH_CONSUMER)
