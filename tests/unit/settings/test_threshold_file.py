from typing import Any

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.thresholds import ThresholdTable
from tests.unit.measured import threshold
from tests.unit.settings.files import Put


def load(checkout: Checkout) -> ThresholdTable:
    return load_thresholds(checkout, load_scenarios(checkout).names, load_metrics(checkout))


def test_every_committed_scenario_but_the_health_check_has_limits(committed: Checkout) -> None:
    table, scenarios = load(committed), load_scenarios(committed)
    limited = [name for name in scenarios.names if table.thresholds_of(name)]
    assert limited == [name for name in scenarios.names if name != "health-check"]
    assert {name for name in scenarios.names if table.thresholds_of(name, "ci")} == set(limited)


SUCCESS = {"cdc_success_rate": {"rate": 0.9}}


@pytest.mark.parametrize(
    ("metric", "stat", "content", "k6_metric", "k6_expression"),
    [
        ("cdc_e2e_latency", "p95", 2000, "cdc_e2e_latency{phase:steady}", "p(95)<=2000"),
        ("cdc_e2e_latency", "p99.9", 0.5, "cdc_e2e_latency{phase:steady}", "p(99.9)<=0.5"),
        ("cdc_e2e_latency", "p95", "p95 < 2000.0", "cdc_e2e_latency{phase:steady}", "p(95)<2000"),
        ("cdc_e2e_latency", "max", "max>1", "cdc_e2e_latency{phase:steady}", "max>1"),
        ("cdc_success_rate", "rate", 0.99, "cdc_success_rate", "rate>=0.99"),
        ("cdc_success_rate", "rate", "rate>0.99", "cdc_success_rate", "rate>0.99"),
        ("pg_write_errors", "count", 0, "pg_write_errors", "count<=0"),
        ("iterations", "rate", 10, "iterations", "rate>=10"),
        ("generator_delay", "p99", 1e-7, "generator_delay", "p(99)<=1e-7"),
        (
            "cdc_e2e_latency{table:shop.orders,operation:update}",
            *("p95", 300, "cdc_e2e_latency{phase:steady,table:shop.orders,operation:update}"),
            "p(95)<=300",
        ),
        (
            "cdc_success_rate{table:shop.Order: Items}",
            *("rate", 0.99, "cdc_success_rate{table:shop.Order: Items}", "rate>=0.99"),
        ),
        (
            "pg_write_errors{operation:pay}",
            *("count", 0, "pg_write_errors{operation:pay}", "count<=0"),
        ),
    ],
)
def test_a_limit_becomes_an_expression_of_k6(
    checkout: Checkout,
    put: Put,
    metric: str,
    stat: str,
    content: object,
    k6_metric: str,
    k6_expression: str,
) -> None:
    put(checkout.thresholds_file, {"default": SUCCESS, "baseline": {metric: {stat: content}}})
    (threshold,) = [x for x in load(checkout).thresholds_of("baseline") if x.metric == metric]
    assert threshold.stat == stat
    assert (threshold.k6_metric, threshold.k6_expression) == (k6_metric, k6_expression)
    assert threshold.in_k6


def test_k6_takes_no_limit_on_the_count_of_a_trend(checkout: Checkout, put: Put) -> None:
    counted = {"cdc_e2e_latency": {"count": "count>100"}}
    put(checkout.thresholds_file, {"default": SUCCESS, "baseline": counted})
    _, threshold = load(checkout).thresholds_of("baseline")
    assert not threshold.in_k6


def limits(**metrics: object) -> dict[str, object]:
    return {"baseline": metrics}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"baseline": {', "line 1, column 15: not JSON: Expecting property name enclosed in"),
        ('{"baseline": {}, "baseline": {}}', "baseline: is set twice"),
        ({"basline": {}}, "basline: unknown scenario; did you mean baseline?"),
        ({"environment": {}}, "environment: unknown scenario; did you mean environments?"),
        ({"health-check": {}}, "health-check: the health check has no thresholds"),
        ({"environments": {"ci": {"spikes": {}}}}, "environments.ci.spikes: unknown scenario; did"),
        ({"environments": []}, "environments: expected `object`, got `array`"),
        (
            limits(cdc_e2e_latenzy={}),
            "baseline.cdc_e2e_latenzy: unknown metric; did you mean cdc_e2",
        ),
        (limits(checks=0.9), "baseline.checks: expected `object`, got `float`"),
        (
            limits(cdc_e2e_latency={"p96": 1}),
            "baseline.cdc_e2e_latency.p96: unknown stat for a trend; did you mean p9",
        ),
        (limits(cdc_e2e_latency={"p(95)": 1}), "baseline.cdc_e2e_latency.p(95): unknown stat"),
        (
            limits(pg_write_errors={"p95": 1}),
            "baseline.pg_write_errors.p95: unknown stat for a counter; known: count, rate",
        ),
        (limits(checks={"rate": 1}), "baseline.checks.rate: no number of samples can prove a rate"),
        (limits(checks={"rate": 0}), "baseline.checks.rate: no number of samples can prove a rate"),
        (limits(checks={"rate": "rate<1.5"}), "baseline.checks.rate: no number of samples can"),
        (limits(checks={"rate": True}), "baseline.checks.rate: must be a number, or a string"),
        (limits(checks={"rate": None}), "baseline.checks.rate: must be a number, or a string"),
        (
            limits(cdc_e2e_latency={"p95": "fast"}),
            "baseline.cdc_e2e_latency.p95: 'fast' is not an expression for p95; use a form like ",
        ),
        (limits(cdc_e2e_latency={"p95": "p99<1"}), "baseline.cdc_e2e_latency.p95: 'p99<1' is not"),
        (
            limits(cdc_e2e_latency={"p95": "p95<" + "9" * 400}),
            f"baseline.cdc_e2e_latency.p95: 'p95<{'9' * 400}' is not a finite number",
        ),
        *(
            (limits(**{key: {"p95": 1}}), f"baseline.{key}: {what}")
            for key, what in (
                (
                    "cdc_e2e_latency{phase:steady}",
                    "the only phase is fault: cdc_e2e_latency{",
                ),
                ("cdc_e2e_latency{operation:a,phase:fault}", "must be spelled cdc_e2e_latency{p"),
                ("cdc_e2e_latency{tabel:a.b}", "unknown tag 'tabel'; did you mean table?"),
                ("cdc_e2e_latency{}", "unknown tag ''; known: phase, table, operation"),
                ("cdc_e2e_latency{table:a.b", "must have its tags in one pair of braces at the"),
                ("cdc_e2e_latency{table:a}{operation:b}", "must have its tags in one pair of"),
                ("cdc_e2e_latency{table:}", "tag table needs a value, without quotes or braces"),
                ("cdc_e2e_latency{table:a.b,table:c.d}", "tag table is set twice"),
                (
                    "cdc_e2e_latency{operation:update, table:a.b}",
                    "must be spelled cdc_e2e_latency{table:a.b,operation:update}",
                ),
                ("cdc_e2e_latency{table:'a.b'}", "must be spelled cdc_e2e_latency{table:a.b}"),
                ("cdc_e2e_latenzy{table:a.b}", "unknown metric; did you mean cdc_e2e_latency?"),
                (
                    "consumer_lag{table:a.b}",
                    "consumer_lag has no tags; metrics with tags: cdc_e2e_latency, pg_write_durat",
                ),
                ("generator_delay{operation:update}", "generator_delay has no tags; metrics with"),
            )
        ),
        (
            limits(**{"cdc_success_rate{operation:update}": {"rate": "rate<0.9"}}),
            "baseline.cdc_success_rate{operation:update}.rate: a success rate needs a lower bound",
        ),
        (
            {"default": {"cdc_success_rate{operation:update}": {"rate": 0.9}}},
            "default: must require a success rate",
        ),
        ({"baseline": {}}, "default: must require a success rate"),
        ({"default": {"checks": {"rate": 0.9}}}, "default: must require a success rate"),
        (
            {"default": {"cdc_success_rate": {"rate": "rate<0.9"}}},
            "default.cdc_success_rate.rate: a success rate needs a lower bound",
        ),
        ('{"baseline": {"checks": {"rate": NaN}}}', "baseline.checks.rate: is not a finite number"),
    ],
)
def test_a_wrong_limit_is_one_line_that_names_the_place(
    checkout: Checkout, put: Put, content: object, line: str
) -> None:
    put(checkout.thresholds_file, content)
    with pytest.raises(UsageFailure) as caught:
        load(checkout)
    assert str(caught.value).startswith(f"thresholds.json: {line}")
    assert "\n" not in str(caught.value)


_LAYERS: dict[str, Any] = {
    "default": {"cdc_success_rate": {"rate": 0.1}, "cdc_e2e_latency": {"p50": 1, "p95": 1}},
    "baseline": {"cdc_e2e_latency": {"p95": 2, "p99": 2}},
    "environments": {
        "ci": {
            "default": {"cdc_e2e_latency": {"p99": 3}},
            "baseline": {"cdc_e2e_latency": {"p50": "p50<4"}},
        },
        "empty": {},
    },
}


@pytest.mark.parametrize(
    ("scenario", "environment", "expected"),
    [
        ("baseline", "", "rate>=0.1 p(50)<=1 p(95)<=2 p(99)<=2"),
        ("baseline", "ci", "rate>=0.1 p(50)<4 p(95)<=2 p(99)<=3"),
        ("baseline", "empty", "rate>=0.1 p(50)<=1 p(95)<=2 p(99)<=2"),
        ("spike", "", "rate>=0.1 p(50)<=1 p(95)<=1"),
        ("spike", "ci", "rate>=0.1 p(50)<=1 p(95)<=1 p(99)<=3"),
        ("health-check", "ci", ""),
        ("observe", "ci", ""),
    ],
)
def test_a_later_layer_replaces_the_limit_on_the_same_stat(
    checkout: Checkout, put: Put, scenario: str, environment: str, expected: str
) -> None:
    put(checkout.thresholds_file, _LAYERS)
    found = load(checkout).thresholds_of(scenario, environment)
    assert " ".join(threshold.k6_expression for threshold in found) == expected


@pytest.mark.parametrize("scenario", ["baseline", "health-check"])
def test_an_unknown_environment_is_answered_with_those_near_it(
    committed: Checkout, scenario: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        load(committed).thresholds_of(scenario, "cu")
    assert str(caught.value) == ("--env: thresholds.json has no environment 'cu'; known: ci")


def test_an_observation_has_what_is_measured_without_k6(checkout: Checkout, put: Put) -> None:
    lag, hop = {"consumer_lag": {"max": 9}}, {"hop_total": {"p95": 8}}
    put(checkout.thresholds_file, {"default": {**_LAYERS["default"], **lag}, "observe": hop})
    found = load(checkout)
    assert {(x.metric, x.limit) for x in found.thresholds_of("observe")} == {
        ("consumer_lag", 9),
        ("hop_total", 8),
    }
    put(checkout.thresholds_file, {**_LAYERS, "observe": {"cdc_e2e_latency": {"p95": 8}}})
    with pytest.raises(UsageFailure, match=r"observe\.cdc_e2e_latency: is not measured by"):
        load(checkout)


def test_a_later_layer_replaces_the_limit_on_the_same_tags(checkout: Checkout, put: Put) -> None:
    def latency(tags: str, limit: int) -> dict[str, object]:
        return {f"cdc_e2e_latency{tags}": {"p95": limit}}

    baseline = {**latency("", 1), **latency("{operation:a}", 2), **latency("{operation:b}", 3)}
    ci = {"baseline": {**latency("{operation:b}", 4), **latency("{table:t,operation:b}", 5)}}
    put(
        checkout.thresholds_file,
        {"default": SUCCESS, "baseline": baseline, "environments": {"ci": ci}},
    )
    _, *found = load(checkout).thresholds_of("baseline", "ci")
    assert {x.metric: x.limit for x in found} == {
        "cdc_e2e_latency": 1,
        "cdc_e2e_latency{operation:a}": 2,
        "cdc_e2e_latency{operation:b}": 4,
        "cdc_e2e_latency{table:t,operation:b}": 5,
    }


def test_a_threshold_on_the_time_of_faults_is_not_one_of_k6() -> None:
    found = threshold("cdc_e2e_latency{phase:fault,operation:update}", "p95<=9000")
    assert found.of_faults
    assert not found.in_k6
    assert found.metric == "cdc_e2e_latency{phase:fault,operation:update}"
    assert found.k6_metric == "cdc_e2e_latency{operation:update}"
