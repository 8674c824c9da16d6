import pytest

from cdc_perf.results.summary import Metric, NoSummary
from cdc_perf.verdict.threshold_result import judge_threshold
from tests.unit.measured import GOOD, LATENCY, counter, rate, summary, threshold, trend

_LATENCY, _SUCCESS, _ERRORS = "cdc_e2e_latency", "cdc_success_rate", "pg_write_errors"


@pytest.mark.parametrize(
    ("metric", "expression", "measured"),
    [
        (_LATENCY, "p95<=2000", trend(60, p95=2000.0)),
        (_LATENCY, "p95<2000", trend(60, p95=1999.9)),
        (_LATENCY, "p99<=5000", trend(300, p99=4999.0)),
        (_LATENCY, "p50<=500", trend(6, p50=500.0)),
        (_LATENCY, "max<=500", trend(1, max=500.0)),
        (_LATENCY, "count>=7", trend(7)),
        (_SUCCESS, "rate>=0.99", rate(297, 3)),
        (_ERRORS, "count<=0", counter(0)),
    ],
)
def test_a_limit_that_holds_needs_no_reason(metric: str, expression: str, measured: Metric) -> None:
    limit = threshold(metric, expression)
    result = judge_threshold(limit, summary({limit.k6_metric: measured}))
    assert result.ok is True
    assert result.reason == ""
    assert result.observed is not None


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "reason"),
    [
        (
            _LATENCY,
            "p95<=2000",
            trend(540, p95=2310.4),
            "cdc_e2e_latency p95 was 2,310 ms over 540 samples; the limit is 2,000 ms",
        ),
        (
            _LATENCY,
            "p95<2000",
            trend(540, p95=2000.0),
            "cdc_e2e_latency p95 was 2,000 ms over 540 samples; it must be below 2,000 ms",
        ),
        (
            _LATENCY,
            "p99<=0.1",
            trend(300, p99=0.1004),
            "cdc_e2e_latency p99 was 0.1004 ms over 300 samples; the limit is 0.1 ms",
        ),
        (
            _SUCCESS,
            "rate>=0.99",
            rate(593, 7),
            "cdc_success_rate rate was 0.9883 over 600 samples; it must be at least 0.99",
        ),
        (
            _SUCCESS,
            "rate>0.99",
            rate(990, 10),
            "cdc_success_rate rate was 0.9900 over 1,000 samples; it must be above 0.99",
        ),
        (_ERRORS, "count<=0", counter(3), "pg_write_errors count was 3; the limit is 0"),
    ],
)
def test_a_broken_limit_says_both_figures(
    metric: str, expression: str, measured: Metric, reason: str
) -> None:
    limit = threshold(metric, expression)
    result = judge_threshold(limit, summary({limit.k6_metric: measured}))
    assert (result.ok, result.reason) == (False, reason)
    assert (result.operator, result.limit) == (limit.operator, limit.limit)


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "reason"),
    [
        (
            _LATENCY,
            "p99<=5000",
            trend(299, p99=1.0),
            "cdc_e2e_latency p99 needs 300 samples and got 299: run for at least 1m10s",
        ),
        (
            _LATENCY,
            "p95<=2000",
            trend(10, p95=2310.4),
            (
                "cdc_e2e_latency p95 needs 60 samples and got 10: run for at least 6m "
                "(so far: cdc_e2e_latency p95 was 2,310 ms over 10 samples; the limit is 2,000 ms)"
            ),
        ),
        (
            _LATENCY,
            "p50<=500",
            trend(5, p50=1.0),
            "cdc_e2e_latency p50 needs 6 samples and got 5: run for at least 1m20s",
        ),
        (
            _SUCCESS,
            "rate>=0.999",
            rate(600, 0),
            "cdc_success_rate rate needs 3,000 samples and got 600: run for at least 5m",
        ),
        (
            _SUCCESS,
            "rate>=0.9999999",
            rate(1, 0),
            (
                "cdc_success_rate rate needs 30,000,000 samples and got 1: "
                "that is more than 24h at this rate: more load is needed"
            ),
        ),
        (
            _LATENCY,
            "p95<=2000",
            trend(0, p95=0.0),
            "cdc_e2e_latency p95 has no samples after the warm-up",
        ),
        (_LATENCY, "p95<=2000", trend(60), "cdc_e2e_latency p95 has no samples after the warm-up"),
        (_SUCCESS, "rate>=0.99", rate(0, 0), "cdc_success_rate rate has no samples"),
    ],
)
def test_too_few_samples_tell_nothing(
    metric: str, expression: str, measured: Metric, reason: str
) -> None:
    limit = threshold(metric, expression)
    result = judge_threshold(limit, summary({limit.k6_metric: measured}))
    assert (result.ok, result.reason) == (None, reason)
    assert result.samples_needed == limit.samples_needed


def test_a_metric_that_is_absent_has_no_samples() -> None:
    metrics = {name: metric for name, metric in GOOD.items() if name != LATENCY}
    result = judge_threshold(threshold(_LATENCY, "p95<=2000"), summary(metrics))
    assert (result.ok, result.observed, result.samples) == (None, None, 0)


def test_without_a_summary_no_limit_can_be_judged() -> None:
    result = judge_threshold(threshold(_LATENCY, "p95<=2000"), NoSummary("gone"))
    assert (result.ok, result.reason) == (None, "without a summary no limit can be judged")


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "margin"),
    [
        (_LATENCY, "p95<=2000", trend(60, p95=1500.0), 0.25),
        (_LATENCY, "p95<2000", trend(60, p95=2500.0), -0.25),
        (_LATENCY, "p95<=2000", trend(10, p95=1000.0), 0.5),
        (_LATENCY, "p95<=2000", trend(0, p95=0.0), None),
        (_SUCCESS, "rate>=0.5", rate(300, 100), 0.5),
        (_SUCCESS, "rate>0.5", rate(100, 300), -0.5),
        (_ERRORS, "count<=0", counter(3), None),
    ],
)
def test_the_margin_is_the_share_of_the_limit_that_is_left(
    metric: str, expression: str, measured: Metric, margin: float | None
) -> None:
    limit = threshold(metric, expression)
    result = judge_threshold(limit, summary({limit.k6_metric: measured}))
    assert result.margin == margin
