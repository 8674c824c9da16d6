import json
from pathlib import Path
from typing import Any

import pytest

from cdc_perf.results.summary import Check, Metric, NoSummary, Summary, SummaryType, read_summary
from tests.unit.measured import LATENCY, counter, rate, summary, trend

_GOOD: dict[str, Any] = {
    "schema_version": 1,
    "scenario": "baseline",
    "duration_ms": 60000.25,
    "metrics": {
        LATENCY: {
            "type": "trend",
            "contains": "time",
            "values": {"count": 3, "p(95)": 51.25, "max": None},
            "thresholds": {"p(95)<=2000": True},
        },
        "vus": {"type": "gauge", "contains": "default", "values": {"value": 10}},
    },
    "checks": [{"name": "postgres", "passes": 1, "fails": 0}],
}


def test_a_summary_is_read(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(_GOOD), encoding="utf-8")
    found = read_summary(path)
    assert isinstance(found, Summary)
    assert (found.scenario, found.duration_ms) == ("baseline", 60000.25)
    assert found.metrics[LATENCY].thresholds == {"p(95)<=2000": True}
    assert found.checks == (Check(name="postgres", passes=1, fails=0),)
    assert found.observed(LATENCY, "p(95)") == 51.25
    assert found.observed(LATENCY, "max") is None
    assert found.observed(LATENCY, "p(99)") is None
    assert found.observed("absent", "p(95)") is None


@pytest.mark.parametrize(
    ("metric", "samples"),
    [(LATENCY, 540), ("cdc_success_rate", 10), ("hits", 1), ("vus", 1), ("empty", 0), ("none", 0)],
)
def test_the_samples_behind_a_metric_are_counted_by_its_type(metric: str, samples: int) -> None:
    vus = Metric(type=SummaryType.GAUGE, contains="default", values={"value": 0.0})
    metrics = {
        LATENCY: trend(540, p95=1.0),
        "cdc_success_rate": rate(7, 3),
        "hits": counter(0),
        "empty": trend(0, p95=0.0),
        "vus": vus,
    }
    assert summary(metrics).samples(metric) == samples


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "summary.json is not a summary: Input data was truncated"),
        ('{"schema_version": 1, "scen', "summary.json is not a summary: Input data was truncated"),
        ("[]", "summary.json is not a summary: Expected `object`, got `array`"),
        ("{}", "summary.json is not a summary: Object missing required field `schema_version`"),
        ('{"schema_version": 2}', "summary.json has schema version 2, not 1"),
        (
            {**_GOOD, "extra": 1},
            "summary.json is not a summary: Object contains unknown field `ext",
        ),
        ({**_GOOD, "duration_ms": -1}, "summary.json is not a summary: Expected `float` >= 0.0"),
        ({**_GOOD, "metrics": {"a": {}}}, "summary.json is not a summary: Object missing required"),
        (
            {**_GOOD, "checks": [{"name": "a", "passes": -1, "fails": 0}]},
            "summary.json is not a summary: Expected `int` >= 0",
        ),
        ("[" * 100_000, "summary.json is not a summary: "),
        (b'{"schema_version": 1, "scenario": "\xff"}', "summary.json is not a summary: "),
    ],
    ids=lambda value: "" if isinstance(value, str) else "content",
)
def test_what_is_no_summary_says_why_and_raises_nothing(
    tmp_path: Path, content: object, reason: str
) -> None:
    path = tmp_path / "summary.json"
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = read_summary(path)
    assert isinstance(found, NoSummary)
    assert found.reason.startswith(reason)


def test_a_summary_that_is_missing_points_to_the_log(tmp_path: Path) -> None:
    assert read_summary(tmp_path / "summary.json") == NoSummary(
        "k6 wrote no summary.json: see the end of k6.log"
    )
    assert read_summary(tmp_path) == NoSummary(f"{tmp_path.name} cannot be read: Is a directory")
