from collections.abc import Mapping

import pytest

from cdc_perf.load.progress import MetricState
from cdc_perf.prometheus.threshold_state import threshold_states
from cdc_perf.settings.expressions import parse_expression
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.thresholds import Threshold

METRICS = load_metrics(Checkout.here())
LATENCY = "cdc_e2e_latency{phase:steady}"


def limit(metric: str, text: str) -> Threshold:
    expression = parse_expression(text)
    assert expression is not None
    return Threshold(METRICS[metric], expression)


P95, P99 = limit("cdc_e2e_latency", "p95<=2000"), limit("cdc_e2e_latency", "p99<=5000")
P50 = limit("cdc_e2e_latency", "p50<=500")
RATE = limit("cdc_success_rate", "rate>=0.99")
LAG = limit("consumer_lag", "max<=10")


@pytest.mark.parametrize(
    ("tainted", "sample", "states"),
    [
        pytest.param(False, {"p(95)": 9000.0}, {P95: True, P99: True}, id="k6 says all hold"),
        pytest.param(None, {"p(95)": 1.0}, {}, id="not judged yet"),
        pytest.param(True, {"p(95)": 3000.0}, {P95: False}, id="p99 cannot be told"),
        pytest.param(True, {"p(95)": 100.0}, {P95: True, P99: False}, id="p99 alone can be it"),
    ],
)
def test_each_limit_of_a_metric(
    *, tainted: bool | None, sample: Mapping[str, float], states: Mapping[Threshold, bool]
) -> None:
    assert threshold_states((P95, P99), {LATENCY: MetricState(tainted, sample)}) == states


def test_a_metric_that_recovered_since_k6_judged_it_stays_as_k6_said() -> None:
    metrics = {"cdc_success_rate": MetricState(tainted=True, sample={"rate": 1.0})}
    assert threshold_states((RATE,), metrics) == {RATE: False}


def test_the_median_is_k6s_med() -> None:
    metrics = {LATENCY: MetricState(tainted=True, sample={"med": 900.0, "p(95)": 950.0})}
    assert threshold_states((P50, P95), metrics) == {P50: False, P95: True}


def test_what_k6_does_not_judge_or_does_not_show_is_left_out() -> None:
    assert threshold_states((LAG, RATE), {}) == {}
