from collections.abc import Mapping

import pytest

from cdc_perf.reasons import thresholds
from cdc_perf.results.summary import Metric, NoSummary
from cdc_perf.verdict.threshold_result import broken_threshold, judge_threshold
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
    judged = judge_threshold(limit, summary({limit.k6_metric: measured}))
    result = judged.result
    assert (result.ok, result.reason, judged.reason) == (True, "", None)
    assert result.observed is not None


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "observed", "samples"),
    [
        (_LATENCY, "p95<=2000", trend(540, p95=2310.4), 2310.4, 540),
        (_LATENCY, "p95<2000", trend(540, p95=2000.0), 2000.0, 540),
        (_SUCCESS, "rate>=0.99", rate(594, 66), 0.9, 660),
        (_SUCCESS, "rate>0.99", rate(990, 10), 0.99, 1000),
        (_ERRORS, "count<=0", counter(3), 3, None),
    ],
)
def test_a_broken_threshold_says_both_figures(
    metric: str, expression: str, measured: Metric, observed: float, samples: int | None
) -> None:
    limit = threshold(metric, expression)
    judged = judge_threshold(limit, summary({limit.k6_metric: measured}))
    why = thresholds.threshold_broken(
        metric=metric,
        stat=limit.stat,
        operator=limit.operator,
        threshold=limit.limit,
        observed=observed,
        unit=limit.unit,
        samples=samples,
    )
    assert (judged.reason, judged.result.reason) == (why, why.text)
    assert judged.result.ok is False
    assert (judged.result.operator, judged.result.limit) == (limit.operator, limit.limit)
    assert judged.result.unit == limit.unit


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "needed", "run_for"),
    [
        (_LATENCY, "p99<=5000", trend(299, p99=1.0), 300, "1m10s"),
        (_LATENCY, "p50<=500", trend(5, p50=1.0), 6, "1m20s"),
        (_SUCCESS, "rate>=0.999", rate(600, 0), 3000, "5m"),
        (_SUCCESS, "rate>=0.9999999", rate(1, 0), 30_000_000, ""),
    ],
)
def test_too_few_samples_say_how_long_to_run(
    metric: str, expression: str, measured: Metric, needed: int, run_for: str
) -> None:
    limit = threshold(metric, expression)
    judged = judge_threshold(limit, summary({limit.k6_metric: measured}))
    assert judged.result.ok is None
    assert judged.result.samples_needed == limit.samples_needed == needed
    assert judged.reason == thresholds.too_few_samples(
        metric=metric,
        stat=limit.stat,
        samples=judged.result.samples,
        needed=needed,
        run_for=run_for,
        so_far="",
    )


def test_too_few_samples_that_break_the_threshold_say_so() -> None:
    limit = threshold(_LATENCY, "p95<=2000")
    judged = judge_threshold(limit, summary({LATENCY: trend(10, p95=2310.4)}))
    assert (judged.result.ok, judged.result.observed) == (None, 2310.4)
    assert judged.reason is not None
    assert judged.reason.code == "too_few_samples"
    assert judged.reason.params["so_far"] == broken_threshold(limit, 2310.4, 10).text


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "after_warm_up"),
    [
        (_LATENCY, "p95<=2000", trend(0, p95=0.0), True),
        (_LATENCY, "p95<=2000", trend(60), True),
        (_SUCCESS, "rate>=0.99", rate(0, 0), False),
    ],
)
def test_a_metric_without_samples_is_unknown(
    metric: str, expression: str, measured: Metric, *, after_warm_up: bool
) -> None:
    limit = threshold(metric, expression)
    judged = judge_threshold(limit, summary({limit.k6_metric: measured}))
    assert judged.result.ok is None
    assert judged.reason == thresholds.no_samples(
        metric=metric, stat=limit.stat, after_warm_up=after_warm_up
    )


_UPDATES = "{table:shop.orders,operation:update}"


@pytest.mark.parametrize(
    ("metric", "expression", "measured", "ok"),
    [
        (_LATENCY, "p95<=2000", trend(60, p95=2000.0), True),
        (_LATENCY, "p95<=2000", trend(60, p95=2001.0), False),
        (_LATENCY, "p95<=2000", trend(59, p95=1.0), None),
        (_LATENCY, "p95<=2000", trend(0, p95=0.0), None),
        (_SUCCESS, "rate>=0.9", rate(28, 2), True),
        (_SUCCESS, "rate>=0.9", rate(0, 0), None),
        (_ERRORS, "count<=0", counter(0), True),
        (_ERRORS, "count<=0", counter(1), False),
    ],
)
def test_a_part_of_a_metric_is_judged_by_its_own_samples(
    metric: str, expression: str, measured: Metric, *, ok: bool | None
) -> None:
    limit = threshold(f"{metric}{_UPDATES}", expression)
    metrics = {**GOOD, limit.k6_metric: measured, f"iterations{_UPDATES}": counter(60)}
    judged = judge_threshold(limit, summary(metrics))
    assert (judged.result.metric, judged.result.ok) == (f"{metric}{_UPDATES}", ok)
    if judged.reason is not None:
        assert judged.reason.params["metric"] == f"{metric}{_UPDATES}"


@pytest.mark.parametrize("iterations", [{}, {f"iterations{_UPDATES}": counter(0)}])
def test_a_counter_of_a_change_that_did_not_occur_is_unknown(
    iterations: Mapping[str, Metric],
) -> None:
    limit = threshold(f"{_ERRORS}{_UPDATES}", "count<=0")
    judged = judge_threshold(limit, summary({**GOOD, limit.k6_metric: counter(0), **iterations}))
    assert (judged.result.ok, judged.result.observed, judged.result.samples) == (None, None, 0)
    assert judged.reason == thresholds.no_samples(
        metric=limit.metric, stat="count", after_warm_up=False
    )


def test_a_metric_that_is_absent_has_no_samples() -> None:
    metrics = {name: metric for name, metric in GOOD.items() if name != LATENCY}
    result = judge_threshold(threshold(_LATENCY, "p95<=2000"), summary(metrics)).result
    assert (result.ok, result.observed, result.samples) == (None, None, 0)


def test_without_a_summary_no_limit_can_be_judged() -> None:
    judged = judge_threshold(threshold(_LATENCY, "p95<=2000"), NoSummary("gone"))
    assert (judged.result.ok, judged.reason) == (None, thresholds.no_summary_for_threshold())


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
    result = judge_threshold(limit, summary({limit.k6_metric: measured})).result
    assert result.margin == margin
