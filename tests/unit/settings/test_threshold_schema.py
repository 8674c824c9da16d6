"""The schema of thresholds.json against its reader: what the reader takes is valid."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.expressions import STATS
from cdc_perf.settings.metrics import MetricType, load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import HEALTH_CHECK, load_scenarios
from cdc_perf.settings.tag_selector import TAGS, with_tags
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.threshold_schema import threshold_schema
from tests.unit.settings.files import Put

METRICS = load_metrics(Checkout.here())
SCENARIOS = load_scenarios(Checkout.here()).names
JUDGED = [name for name in SCENARIOS if name != HEALTH_CHECK]
VALIDATOR = Draft202012Validator(threshold_schema(SCENARIOS, METRICS))


def taken(checkout: Checkout) -> bool:
    try:
        load_thresholds(checkout, SCENARIOS, METRICS)
    except UsageFailure:
        return False
    return True


SUCCESS = {"cdc_success_rate": {"rate": 0.9}}


def of_baseline(metric: str, **stats: object) -> dict[str, object]:
    return {"baseline": {metric: stats}}


def with_default(content: object) -> object:
    """Return a file that requires a success rate, as it must, with this content."""
    if not isinstance(content, dict):
        return content
    return {**content, "default": {**SUCCESS, **content.get("default", {})}}


def test_the_committed_file_is_valid_and_names_its_schema(committed: Checkout) -> None:
    content = json.loads(committed.thresholds_file.read_bytes())
    VALIDATOR.validate(content)
    named = committed.thresholds_file.parent / content["$schema"]
    Draft202012Validator(json.loads(named.read_bytes())).validate(content)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"$schema": "https://example.org/any"},
        {"environments": {"any name": {"spike": {}}}},
        of_baseline("cdc_e2e_latency", p95="  p95 <= 0002000.50 ", p50="p(50)>1", avg=-1),
        {"baseline": {"cdc_e2e_latency": {"p99.9": "p(99.9)<1"}}},
        of_baseline("cdc_success_rate", rate="rate>00.0010"),
        {"default": {"cdc_success_rate": {"rate": "rate>=0.5"}}},
        of_baseline("iterations", rate="rate>10", count=0),
        of_baseline("cdc_e2e_latency{table:shop.orders,operation:update}", p95=300),
        of_baseline("checks{operation:pay}", rate=0.9),
        of_baseline("pg_write_errors{table:shop.Order Items}", count=0),
    ],
)
def test_what_is_allowed_passes_both(checkout: Checkout, put: Put, content: object) -> None:
    content = with_default(content)
    put(checkout.thresholds_file, content)
    assert taken(checkout)
    VALIDATOR.validate(content)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"default": {}},
        {"default": {"cdc_success_rate": {}}},
        {"default": {"checks": {"rate": 0.5}}},
        {"environments": {"ci": {"default": SUCCESS}}},
    ],
    ids=str,
)
def test_a_file_without_a_success_rate_is_refused_by_both(
    checkout: Checkout, put: Put, content: object
) -> None:
    put(checkout.thresholds_file, content)
    assert not taken(checkout)
    assert not VALIDATOR.is_valid(content)


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"$schema": 7},
        {"basline": {}},
        {"health-check": {}},
        {"environments": []},
        {"environments": {"ci": {"environments": {}}}},
        {"environments": {"ci": {"$schema": "x"}}},
        {"default": {"cdc_e2e_latenzy": {}}},
        {"spike": {"checks": 0.9}},
        of_baseline("cdc_e2e_latency", p96=1),
        of_baseline("cdc_e2e_latency", **{"p(95)": 1}),
        of_baseline("pg_write_errors", p95=1),
        *(of_baseline("checks", rate=r) for r in (0, 1, "rate<1.5", "rate>0.000", True, None)),
        of_baseline("cdc_e2e_latency", p95="fast"),
        of_baseline("cdc_e2e_latency", p95="p99<1"),
        of_baseline("cdc_e2e_latency", p95="p(95<1"),
        of_baseline("cdc_e2e_latency", p95="p95==1"),
        of_baseline("cdc_e2e_latency", p95="p95<1e3"),
        of_baseline("cdc_e2e_latency", p95="p95<-1"),
        {"baseline": {"generator_delay": {"p99.9": "p99x9<1"}}},
        of_baseline("cdc_success_rate", rate="rate<0.5"),
        *(
            of_baseline(f"cdc_e2e_latency{tags}", p95=1)
            for tags in (
                *("{}", "{table:}", "{table}", "{phase:steady}", "{table:a", "table:a}"),
                *("{operation:b,table:a}", "{table:a,table:b}", "{table: a}", "{table:'a'}"),
                *("{table:a }", " {table:a}", "{table:a}{operation:b}", "{table:a,}"),
            )
        ),
        of_baseline("consumer_lag{table:a}", max=1),
        of_baseline("dropped_iterations{table:a}", count=1),
        of_baseline("cdc_success_rate{table:a}", rate="rate<0.5"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_by_both(checkout: Checkout, put: Put, content: object) -> None:
    content = with_default(content)
    put(checkout.thresholds_file, content)
    assert not taken(checkout)
    assert not VALIDATOR.is_valid(content)


_RATES = st.sampled_from(["0.5", "00.10", "0.999", "0.0000001"])
_NUMBERS = st.integers(0, 3000).map(str) | st.sampled_from(["2000.0", "00.50"]) | _RATES
_SPACES = st.sampled_from(["", " ", "  "])
_TAGS = st.lists(st.tuples(st.sampled_from([*TAGS, "phase"]), st.text("a.,:{}\"' b")), max_size=3)
_ODD: st.SearchStrategy[object] = st.sampled_from(
    [
        *(
            "p50<1.",
            "count<1e3",
            "rate>-0.5",
            "rate>0.0",
            "rate<1.0",
            "p(95<1",
            "p95<5\t",
            "avg=<1",
        ),
        *(0, 1, True, None, [], {}, "", "p95 <", "< 5", f"count<{'9' * 400}", "rate<0." + "9" * 40),
    ]
)


@st.composite
def _right(draw: st.DrawFn, stat: str, *, share: bool) -> object:
    """Draw a limit on a stat that the reader takes; `share`: between 0 and 1."""
    if draw(st.booleans()):
        inside = st.floats(0, 1, exclude_min=True, exclude_max=True)
        anywhere = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        return draw(inside if share else anywhere)
    spelling = f"p({stat[1:]})" if stat.startswith("p") and draw(st.booleans()) else stat
    words = (spelling, draw(st.sampled_from(["<", "<=", ">", ">="])))
    return "".join(
        draw(_SPACES) + word for word in (*words, draw(_RATES if share else _NUMBERS), "")
    )


@st.composite
def _files(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a file of which the reader takes every part, or one in which one part may be odd."""
    odd = draw(st.sampled_from(["", "", "", "scenario", "metric", "stat", "limit", "$schema"]))
    metric = draw(st.sampled_from([*METRICS]))
    kind = METRICS[metric].type
    stat = draw(st.sampled_from(STATS[kind]))
    limit = draw(_right(stat, share=kind is MetricType.RATE))
    if odd == "limit":
        limit = draw(_ODD)
    if odd == "stat":
        stat = draw(st.sampled_from(sorted({s for stats in STATS.values() for s in stats})))
    if METRICS[metric].tagged and draw(st.booleans()):
        metric = with_tags(metric, draw(_TAGS))
    limits = {draw(st.text()) if odd == "metric" else metric: {stat: limit}}
    others = ["health-check", "environments", "moon"] if odd == "scenario" else []
    layer: dict[str, Any] = {draw(st.sampled_from(["default", *JUDGED, *others])): limits}
    if draw(st.booleans()):
        layer = {"environments": {draw(st.text()): layer}}
    elif "default" in layer:
        layer = {"default": {**SUCCESS, **limits}}
    return {**({"$schema": draw(_ODD)} if odd == "$schema" else {}), **layer}


@pytest.mark.slow
@settings(
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=_files())
def test_whatever_the_reader_takes_is_valid_and_little_else(
    checkout: Checkout, put: Put, content: Mapping[str, Any]
) -> None:
    content = {"default": SUCCESS, **content}
    put(checkout.thresholds_file, content)
    valid = VALIDATOR.is_valid(content)
    if taken(checkout):
        assert valid
    elif valid:
        # A number that a schema cannot tell from a sensible one: it rounds to 0, 1 or infinity.
        assert any(_overflows(text) for text in _texts(content))


def _texts(content: object) -> list[str]:
    if isinstance(content, dict):
        return [text for value in content.values() for text in _texts(value)]
    return [content] if isinstance(content, str) else []


def _overflows(expression: str) -> bool:
    number = float(expression.rstrip().rpartition("<")[2].rpartition(">")[2].lstrip("= "))
    return not isfinite(number) or number in (0, 1)
