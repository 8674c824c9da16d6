"""The raw points beside the summary: intervals, and whether both are of the same samples."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates as reasons
from cdc_perf.results.summary import Metric, NoSummary, Summary, SummaryType
from cdc_perf.stats.intervals import Interval, rate_interval
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.k6_gates import points_gate
from cdc_perf.verdict.points import PointsSummary, summarize_points
from tests.unit.measured import (
    GOOD,
    LATENCY,
    counter,
    evidence,
    points_of,
    rate,
    summary,
    threshold,
    trend,
)
from tests.unit.points import Point, text_of, write_points

P50 = threshold("cdc_e2e_latency", "p50<=500")
P95 = threshold("cdc_e2e_latency", "p95<=2000")
P99 = threshold("cdc_e2e_latency", "p99<=5000")
LARGEST = threshold("cdc_e2e_latency", "max<=5000")
SUCCESS = threshold("cdc_success_rate", "rate>=0.99")
ERRORS = threshold("pg_write_errors", "count<=0")
LIMITS = (P50, P95, P99, LARGEST, SUCCESS, ERRORS)
STEADY = {"phase": "steady"}
MEASURED = [
    Point("cdc_e2e_latency", 9999.0, 0, {"phase": "warmup"}),
    *(Point("cdc_e2e_latency", float(value), value, STEADY) for value in range(1, 101)),
    *(Point("cdc_success_rate", float(value > 1), value, STEADY) for value in range(1, 101)),
    Point("pg_write_errors", 0.0, 0, None),
    *(Point("vus", 10.0, at) for at in range(5)),
]
TYPES = {
    "cdc_e2e_latency": "trend",
    "cdc_success_rate": "rate",
    "pg_write_errors": "counter",
    "vus": "gauge",
}
SAME = summary(
    {
        "cdc_e2e_latency": trend(101),
        LATENCY: trend(100),
        "cdc_success_rate": rate(99, 1),
        "pg_write_errors": counter(0),
        "vus": Metric(type=SummaryType.GAUGE, contains="default", values={"value": 10.0}),
    }
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_points(tmp_path / "points.json.gz", MEASURED, TYPES)


def seen(file: Path, found: Summary | NoSummary = SAME) -> PointsSummary:
    gauges = file.parent / "gauges.json.gz"
    return summarize_points([file], gauges, file.parent / "series.parquet", LIMITS, found)


def test_percentiles_and_rates_have_intervals_and_other_stats_none(file: Path) -> None:
    assert seen(file).intervals == {
        # Of 100 samples 1 to 100: ranks 40 and 61, 90 and 100; and none is surely beyond p99.
        P50: Interval(low=40.0, high=61.0),
        P95: Interval(low=90.0, high=100.0),
        P99: Interval(low=97.0, high=None),
        SUCCESS: rate_interval(99, 100),
    }


def test_the_interval_is_reported_with_the_limit(file: Path) -> None:
    found = summary({**SAME.metrics, LATENCY: trend(100, p95=95.05)})
    verdict = judge(evidence("baseline", (P95,), found, points=seen(file, found)))
    (result,) = verdict.thresholds
    assert result.interval == Interval(low=90.0, high=100.0)
    assert result.margin == pytest.approx((2000 - 95.05) / 2000)


def test_a_part_of_a_metric_has_the_interval_of_its_own_samples(tmp_path: Path) -> None:
    def of(operation: str, at: int) -> dict[str, str]:
        phase = "steady" if at else "warmup"
        return {"operation": operation, "phase": phase, "table": "shop.orders"}

    changes = [("insert", 1000), ("update", 1), ("delete", 5000)]
    measured = [
        point
        for operation, times in changes
        for at in range(101)
        for point in (
            Point("cdc_e2e_latency", float(at * times), at, of(operation, at)),
            Point("cdc_success_rate", float(operation != "delete"), at, of(operation, at)),
        )
    ]
    file = write_points(tmp_path / "points.json.gz", measured, TYPES)
    late = threshold("cdc_e2e_latency{table:shop.orders,operation:update}", "p95<=2000")
    failed = threshold("cdc_success_rate{operation:delete}", "rate>=0.9")
    unseen = threshold("cdc_e2e_latency{operation:pay}", "p95<=2000")
    found = summary(
        {
            "cdc_e2e_latency": trend(303),
            "cdc_success_rate": rate(202, 101),
            late.k6_metric: trend(100),
            failed.k6_metric: rate(0, 101),
            unseen.k6_metric: trend(0),
        }
    )
    limits = (late, failed, unseen)
    seen = summarize_points([file], tmp_path / "gauges", tmp_path / "series", limits, found)
    assert seen.intervals == {
        late: Interval(low=90.0, high=100.0),
        failed: rate_interval(0, 101),
    }
    assert points_gate(seen, found).code is ExitCode.PASS
    fewer = summary({**found.metrics, late.k6_metric: trend(99)})
    gate = points_gate(seen, fewer)
    assert gate.code is ExitCode.INVALID
    assert f"samples of {late.k6_metric}: 99 in the summary, 100" in gate.result.reason


def test_the_series_is_left_beside_the_points(file: Path) -> None:
    seen(file)
    assert (file.parent / "series.parquet").read_bytes()[:4] == b"PAR1"


def test_whole_points_that_are_those_of_the_summary_pass(file: Path) -> None:
    gate = points_gate(seen(file), SAME)
    assert (gate.code, gate.reasons) == (ExitCode.PASS, ())
    assert gate.result.observed == "207 points of 4 metrics"


@pytest.mark.parametrize(
    ("metric", "content", "differences"),
    [
        (
            "cdc_e2e_latency",
            trend(102),
            ["samples of cdc_e2e_latency: 102 in the summary, 101 in the points"],
        ),
        (LATENCY, trend(99), [f"samples of {LATENCY}: 99 in the summary, 100 in the points"]),
        (
            "cdc_success_rate",
            rate(98, 2),
            [
                "passes of cdc_success_rate: 98 in the summary, 99 in the points",
                "fails of cdc_success_rate: 2 in the summary, 1 in the points",
            ],
        ),
        (
            "pg_write_errors",
            counter(3),
            ["sum of pg_write_errors: 3 in the summary, 0 in the points"],
        ),
        (
            "iterations",
            counter(1234567),
            ["sum of iterations: 1,234,567 in the summary, 0 in the points"],
        ),
    ],
)
def test_points_that_are_not_those_of_the_summary_make_it_invalid(
    file: Path, metric: str, content: Metric, differences: list[str]
) -> None:
    found = summary({**SAME.metrics, metric: content})
    gate = points_gate(seen(file, found), found)
    assert gate.code is ExitCode.INVALID
    assert gate.reasons == (reasons.points_differ_from_summary(differences=differences, more=0),)


def test_a_metric_that_the_summary_lacks_makes_it_invalid(file: Path) -> None:
    found = summary({name: metric for name, metric in SAME.metrics.items() if name != "vus"})
    gate = points_gate(seen(file, found), found)
    assert gate.code is ExitCode.INVALID
    assert "vus is not in the summary" in gate.result.reason


def test_many_differences_are_reported_in_short() -> None:
    found = summary({f"metric_{number}": trend(1) for number in range(8)})
    gate = points_gate(PointsSummary(), found)
    (reason,) = gate.reasons
    differences = reason.params["differences"]
    assert isinstance(differences, list)
    assert (len(differences), reason.params["more"]) == (5, 3)


def test_points_that_were_cut_short_make_it_invalid(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-4])
    gate = points_gate(seen(file), SAME)
    assert gate.code is ExitCode.INVALID
    assert [reason.code for reason in gate.reasons] == ["points_damaged"]
    assert str(gate.reasons[0].params["damage"]).startswith("points.json.gz is truncated")


def test_a_summary_alone_is_not_believed(tmp_path: Path) -> None:
    gate = points_gate(seen(tmp_path / "points.json.gz"), SAME)
    assert gate.code is ExitCode.INVALID
    damage = "points.json.gz does not exist; no points recovered"
    assert gate.reasons == (reasons.points_damaged(damage=damage),)


def test_without_a_summary_there_is_nothing_to_compare(file: Path) -> None:
    missing = NoSummary("gone")
    gate = points_gate(seen(file, missing), missing)
    assert (gate.result.ok, gate.code) == (None, ExitCode.PASS)


def test_a_disk_without_room_costs_the_verdict_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(file.parent / "gone"))
    found = seen(file)
    assert found.statistics == {}
    assert [fault.code for fault in found.faults] == ["points_unreadable"]
    assert points_gate(found, SAME).code is ExitCode.INVALID


def test_the_points_gate_is_part_of_the_verdict() -> None:
    limit = threshold("cdc_success_rate", "rate>=0.9")
    found = summary(GOOD, thresholds={limit: True})
    whole = points_of(found)
    assert judge(evidence("baseline", (limit,), found, points=whole)).exit_code is ExitCode.PASS
    gone = reasons.points_damaged(damage="points.json.gz is gone")
    spoilt = replace(whole, faults=(gone,))
    verdict = judge(evidence("baseline", (limit,), found, points=spoilt))
    assert (verdict.exit_code, verdict.reasons) == (ExitCode.INVALID, (gone,))


def test_empty_points_leave_an_empty_series(tmp_path: Path) -> None:
    file = tmp_path / "points.json.gz"
    file.write_bytes(gzip.compress(text_of([], {})))
    assert seen(file, NoSummary("gone")) == PointsSummary()
