"""k6's own thresholds: none vanishes, none holds without samples, and k6's word stands."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdc_perf.report.html.findings import times
from cdc_perf.report.html.k6_metrics import metric_rows
from cdc_perf.report.html.k6_thresholds import (
    K6Data,
    k6_threshold_row,
    k6_thresholds,
    unknown_thresholds,
    verdict_of_k6,
)
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.foreign_summary import ForeignSummary, read_any_summary
from cdc_perf.results.points.declared import Declared
from cdc_perf.results.points.statistics import Statistics
from cdc_perf.results.summary import Metric, NoSummary, SummaryType
from cdc_perf.runs.k6_threshold import K6Threshold
from tests.unit.measured import NOW
from tests.unit.results.test_foreign_summary import (
    EXPORTED,
    GIVEN,
    JUNK,
    MACHINE_READABLE,
    places,
    spoiled,
)


def metric(
    kind: SummaryType,
    thresholds: Mapping[str, bool],
    contains: str = "default",
    /,
    **values: float | None,
) -> Metric:
    """Return a metric; `p95=18.0` is given as k6 gives it, `p(95)`."""
    stats = {f"p({k[1:]})" if k.startswith("p9") else k: v for k, v in values.items()}
    return Metric(kind, contains, stats, dict(thresholds))


def points(count: int, total: float = 0.0, passes: int | None = None) -> Statistics:
    """Return what some points come to, as far as thresholds ask."""
    return Statistics(
        metric="m",
        type=SummaryType.TREND,
        tags={},
        count=count,
        total=total,
        least=0,
        largest=0,
        mean=0,
        percentiles={"p(99.5)": 7.0},
        passes=passes,
        first=NOW,
        last=NOW,
    )


def material(
    metrics: Mapping[str, Metric],
    counts: Mapping[str, int] | None = None,
    *,
    judged: bool = True,
    complete: bool = True,
    declared: Mapping[str, Declared] | None = None,
) -> K6Data:
    summary = ForeignSummary(1, "s", 0.0, dict(metrics), (), judged=judged)
    found = {name: points(count) if count else None for name, count in (counts or {}).items()}
    return K6Data(summary, found, declared or {}, complete, {})


def states(found: K6Data) -> dict[str, bool | None]:
    return {each.name: each.ok for each in k6_thresholds(found)}


TREND, RATE, COUNTER, GAUGE = SummaryType


@pytest.mark.parametrize(
    "text", ["avg==1", "avg===1", "avg!=1", "avg<.9", "avg<1e3", "avg<0x1p10", "avg>-1", "what?"]
)
@pytest.mark.parametrize("ok", [True, False])
def test_k6_s_word_stands_whatever_the_form(text: str, *, ok: bool) -> None:
    found = material({"m": metric(TREND, {text: ok}, avg=1.0, count=400)}, {"m": 400})
    assert states(found) == {f"m {text}": ok}
    (row,) = map(k6_threshold_row, k6_thresholds(found))
    assert row.state == {True: "holds", False: "broken"}[ok]
    assert row.samples == "400"


@pytest.mark.parametrize(
    "empty",
    [
        metric(TREND, {"avg<10": True}, avg=0.0, count=0),
        metric(TREND, {"p(95)<10": True}, p95=0.0),
        metric(RATE, {"rate<0.1": True}, rate=None, passes=0, fails=0),
        metric(RATE, {"rate<0.1": True}, rate=0.0, passes=0, fails=0),
        metric(COUNTER, {"count<10": True}, count=0, rate=None),
        metric(GAUGE, {"value<10": True}, value=0, min=0, max=0),
    ],
    ids=["count 0", "no count", "rate null", "rate 0", "counter", "gauge"],
)
@pytest.mark.parametrize("complete", [True, False], ids=["points", "no points"])
def test_without_samples_none_holds(empty: Metric, *, complete: bool) -> None:
    (found,) = k6_thresholds(material({"m": empty}, {"m": 0}, complete=complete))
    assert (found.ok, found.samples) == (None, 0)
    assert found.reason
    # k6 judges the zeros that it puts in their place, and exits with 99 for it.
    broken = Metric(empty.type, "default", empty.values, dict.fromkeys(empty.thresholds, False))
    assert list(states(material({"m": broken}, {"m": 0}, complete=complete)).values()) == [False]


def test_what_k6_counts_by_itself_is_0_without_a_sample() -> None:
    found = material({"dropped_iterations": metric(COUNTER, {"count==0": True}, count=0)})
    assert list(states(found).values()) == [True]


def test_a_null_is_no_observation() -> None:
    found = material({"m": metric(COUNTER, {"rate<5": True}, count=7, rate=None)}, {"m": 7})
    assert list(states(found).values()) == [None]


def test_a_percentile_comes_from_the_points_where_k6_left_it_out() -> None:
    listed = {"p(99.50)<10": True, "p(95.0)<10": True}
    found = material({"m": metric(TREND, listed, p95=3.0)}, {"m": 400})
    assert [each.observed for each in k6_thresholds(found)] == [7.0, 3.0]


@pytest.mark.parametrize(
    ("kind", "contains", "text", "unit"),
    [
        (TREND, "time", "p(95)<1", "ms"),
        (TREND, "data", "avg<1", "B"),
        (TREND, "default", "avg<1", ""),
        (COUNTER, "data", "count<1", "B"),
        (COUNTER, "data", "rate<1", "B/s"),
        (COUNTER, "default", "rate<1", "/s"),
        (COUNTER, "default", "count<1", ""),
        (GAUGE, "time", "value<1", "ms"),
        (RATE, "default", "rate<1", ""),
    ],
)
def test_units_are_those_that_k6_says(
    kind: SummaryType, contains: str, text: str, unit: str
) -> None:
    (found,) = k6_thresholds(material({"m": metric(kind, {text: True}, contains)}, {"m": 1}))
    assert found.unit == unit


def test_a_metric_of_this_project_has_its_unit() -> None:
    found = replace(
        material({"m": metric(TREND, {"avg<1": True}, "")}, {"m": 1}), units={"m": "ms"}
    )
    assert [each.unit for each in k6_thresholds(found)] == ["ms"]


class TestASummaryWithoutThresholds:
    """Since k6 1.5: what is broken is told by the samples, what holds by nobody."""

    METRICS: Mapping[str, Metric] = {
        "m": metric(TREND, {}, avg=9.0, p95=18.0),
        "m{name: a}": metric(TREND, {}, avg=9.0),
        "never": metric(TREND, {}, avg=0.0),
        "http_req_duration{expected_response:true}": metric(TREND, {}, avg=1.0),
        "http_req_duration": metric(TREND, {}, avg=1.0),
    }
    DECLARED: Mapping[str, Declared] = {
        "m": Declared(TREND, "time", ("p(95)<18", "avg<10", "p(99.5)>=7", "odd"), ("m{name: a}",)),
        "checks": Declared(RATE, "default", ("rate==1",), ("checks{group:::g}",)),
        "http_req_duration": Declared(TREND, "time"),
    }

    def test_what_is_known_of_each(self) -> None:
        counts = {"m": 45, "m{name: a}": 14, "never": 0, "checks": 10}
        found = material(self.METRICS, counts, judged=False, declared=self.DECLARED)
        broken = replace(found, statistics={**found.statistics, "checks": points(10, passes=3)})
        assert states(broken) == {
            # At the very limit a rounding decides.
            "m p(95)<18": None,
            "m avg<10": None,
            "m p(99.5)>=7": None,
            "m odd": None,
            "checks rate==1": False,
            "m{name: a}": None,
            "checks{group:::g}": None,
            "never": None,
        }

    def test_broken_by_the_samples(self) -> None:
        declared = {"m": Declared(TREND, "time", ("p(95)<17.9", "avg>9", "avg===8"))}
        found = material(self.METRICS, {"m": 45}, judged=False, declared=declared)
        broken = {name for name, ok in states(found).items() if ok is False}
        assert broken == {"m p(95)<17.9", "m avg===8"}

    def test_no_summary_at_all(self) -> None:
        found = material({}, {"m": 45, "checks": 10}, declared=self.DECLARED)
        found = replace(
            found,
            summary=NoSummary("gone"),
            statistics={**found.statistics, "checks": points(10, passes=3)},
        )
        assert states(found)["checks rate==1"] is False
        assert {ok for name, ok in states(found).items() if name != "checks rate==1"} == {None}
        assert len(states(found)) == 7

    def test_what_is_left_of_points_breaks_nothing(self) -> None:
        declared = {"checks": Declared(RATE, "default", ("rate==1",))}
        found = replace(
            material({}, complete=False, declared=declared),
            summary=NoSummary("gone"),
            statistics={"checks": points(10, passes=3)},
        )
        assert states(found) == {"checks rate==1": None}

    def test_a_threshold_that_only_the_points_name(self) -> None:
        metrics = {"m": metric(TREND, {"avg<10": True}, avg=9.0)}
        declared = {"m": Declared(TREND, "time", ("avg<10", "p(95)<5"))}
        found = material(metrics, {"m": 45}, declared=declared)
        assert states(found) == {"m avg<10": True, "m p(95)<5": None}


def test_an_outcome_that_is_neither_is_shown() -> None:
    found = material({"m": metric(TREND, {}, avg=9.0)}, {"m": 45})
    summary = ForeignSummary(
        1, "s", 0.0, {"m": metric(TREND, {}, avg=9.0)}, (), unclear=(("m", "avg<10"),)
    )
    assert states(replace(found, summary=summary)) == {"m avg<10": None}


def test_all_are_counted_and_the_unknown_are_named() -> None:
    listed = [
        K6Threshold("a", "avg<1", ok=True),
        K6Threshold("b", "avg<1", ok=False),
        K6Threshold("c", "avg<1", None, reason="no samples"),
        K6Threshold("d", "avg<1", None, reason="no samples"),
    ]
    assert verdict_of_k6(listed).endswith("(4): 1 broken, 1 hold, 2 unknown.")
    (sentence,) = unknown_thresholds(listed)
    assert "c avg<1" in sentence
    assert "d avg<1" in sentence
    assert unknown_thresholds(listed[:2]) == []
    assert verdict_of_k6([]) == ""
    (many,) = unknown_thresholds([K6Threshold(f"m{n}", "", None) for n in range(50)])
    assert "20 more" in many


def test_a_row_of_what_is_not_understood_is_as_it_is_spelled() -> None:
    row = k6_threshold_row(K6Threshold("m", "what?", ok=False))
    assert (row.name, row.limit, row.observed, row.samples) == ("m", "what?", NOTHING, NOTHING)
    assert row.used is None


@pytest.mark.parametrize("source", ["avg==5", "avg!=5", "avg<NaN", "avg<Inf"])
def test_a_limit_without_a_bar_has_none(source: str) -> None:
    assert k6_threshold_row(K6Threshold("m", source, ok=True, observed=4.0)).used is None


def test_points_that_are_not_whole_tell_no_figure() -> None:
    """k6 writes an infinity that JSON has not: what is left of the points is not what k6 saw."""
    listed = {"p(99.5)<10": False, "avg<5": True}
    found = material({"m": metric(TREND, listed, avg=3.0)}, {"m": 30}, complete=False)
    assert [(each.ok, each.observed, each.samples) for each in k6_thresholds(found)] == [
        (False, None, None),
        (True, 3.0, None),
    ]


def test_the_broken_come_first() -> None:
    listed = {"avg<1": True, "avg<2": False, "rate<5": True}
    found = material({"m": metric(COUNTER, listed, rate=None)}, {"m": 5})
    assert [each.ok for each in k6_thresholds(found)] == [False, None, True]


@pytest.mark.parametrize("shape", [GIVEN, EXPORTED, MACHINE_READABLE])
@pytest.mark.parametrize("complete", [True, False])
def test_no_junk_in_a_summary_breaks_the_rows(
    tmp_path: Path, shape: Mapping[str, Any], *, complete: bool
) -> None:
    path = tmp_path / "any.json"
    for way in places(shape):
        for junk in JUNK:
            path.write_text(json.dumps(spoiled(shape, way, junk)))
            summary = read_any_summary(path)
            declared = {"m": Declared(TREND, "time", ("avg<1",), ("m{a:b}",))}
            found = k6_thresholds(K6Data(summary, {}, declared, complete, {}))
            rows = [k6_threshold_row(each) for each in found]
            # Broken, or in doubt: whatever was spoiled, it does not look as if it held.
            first = [row.state for row in rows if row.name.startswith("m")]
            touched = junk is True or way[-1:] in {("ok",), ("avg<1",)}
            assert "holds" not in first or touched
            if isinstance(summary, ForeignSummary):
                metric_rows(summary, {})
                times(summary)
