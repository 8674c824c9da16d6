"""What Prometheus is told of a run."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from cdc_perf.load.progress import LoadProgress, MetricState
from cdc_perf.prometheus import export
from cdc_perf.prometheus.export import PrometheusExport, ThresholdState
from cdc_perf.prometheus.sample import STALE, Sample
from cdc_perf.settings.expressions import parse_expression
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent

RUN = {"test_run_id": "r1", "scenario": "baseline"}


class Told:
    """In place of `Push`: keeps what it is offered."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def offer(self, samples: Sequence[Sample]) -> None:
        self.samples += samples

    def values(self, name: str) -> list[tuple[dict[str, str], float]]:
        found = [x for x in self.samples if x.name == f"cdc_perf_{name}"]
        return [
            ({k: v for k, v in x.labels.items() if k not in RUN}, x.value)
            for x in found
            if RUN.items() <= x.labels.items()
        ]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    push = Told()
    monkeypatch.setattr(export, "Push", lambda _url: push)
    return push


def limit(text: str) -> Threshold:
    expression = parse_expression(text)
    assert expression is not None
    return Threshold(load_metrics(Checkout.here())["cdc_success_rate"], expression)


def test_gauges_become_metrics_with_a_label_and_end_with_the_scenario(told: Told) -> None:
    scenario = PrometheusExport("", "r1").scenario("baseline", ())
    values = {"consumer_lag": 3.0, "cpu_kafka": 0.5, "memory_kafka": 1e6, "of another kind": 1.0}
    scenario.gauges(values)
    scenario.loaded(datetime.now(UTC), ())
    assert [x for x in told.samples if "kind" in x.name] == []
    (first, last) = told.values("cpu_cores")
    assert first == ({"component": "kafka"}, 0.5)
    assert last[0] == {"component": "kafka"}
    ended = [x.name for x in told.samples if x.value is STALE]
    assert sorted(ended) == [
        "cdc_perf_consumer_lag",
        "cdc_perf_cpu_cores",
        "cdc_perf_memory_bytes",
        "cdc_perf_scenario_running",
    ]
    (begin,), (end,) = (told.values(f"scenario_{x}_time_seconds") for x in ("start", "end"))
    assert begin[1] <= end[1]


def test_limits_are_reported_while_the_run_goes_on_and_as_they_were_judged(told: Told) -> None:
    here = PrometheusExport("", "r1")
    scenario = here.scenario("baseline", (limit("rate>=0.99"),))
    metrics = {"cdc_success_rate": MetricState(tainted=True, sample={"rate": 0.9})}
    scenario.progress(
        LoadProgress(
            elapsed_seconds=1.0,
            total_seconds=2.0,
            running=True,
            vus=1,
            iterations=1,
            iterations_per_second=1.0,
            errors=0,
            p95_ms=None,
            metrics=metrics,
        )
    )
    judged = [
        ThresholdState("cdc_success_rate", "rate >= 0.99", ok=True),
        ThresholdState("consumer_lag", "max <= 10", ok=None),
    ]
    here.judged("baseline", "FAIL", 10, judged, {0.95: 0.035})
    labels = {"metric": "cdc_success_rate", "limit": "rate >= 0.99"}
    assert told.values("threshold_ok") == [(labels, 0.0), (labels, 1.0)]
    assert told.values("e2e_latency_seconds") == [({"quantile": "0.95"}, 0.035)]
    assert told.values("verdict") == [({"verdict": "FAIL"}, 10.0)]


def test_the_end_of_a_component_is_reported_with_its_time(told: Told) -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    died = ComponentEvent("kafka", "ended (by SIGKILL)", by_operator=False, log=(), at=at)
    nobody_knows = ComponentEvent("connect", "ended", by_operator=False, log=())
    PrometheusExport("", "r1").scenario("baseline", ()).loaded(at, (died, nobody_knows))
    labels = {"component": "kafka", "what": "ended (by SIGKILL)"}
    assert told.values("component_end_time_seconds") == [(labels, at.timestamp())]


def test_a_fault_is_reported_while_it_is_up_and_ends_with_the_load(told: Told) -> None:
    scenario = PrometheusExport("", "r1").scenario("baseline", ())
    for up in (True, False):
        scenario.faults({"kill:kafka": up, "kill:connect": False})
    scenario.loaded(datetime(2026, 11, 22, 12, tzinfo=UTC), ())
    found = [value for labels, value in told.values("fault_active") if "kafka" in labels["fault"]]
    assert found[:2] == [1.0, 0.0]
    assert found[2] is STALE
