import pytest

from cdc_perf.report.html.threshold_rows import threshold_row
from cdc_perf.stats.intervals import Interval
from cdc_perf.verdict.records import ThresholdResult


def result(**changes: object) -> ThresholdResult:
    fields: dict[str, object] = {
        "metric": "cdc_e2e_latency",
        "stat": "p95",
        "operator": "<=",
        "limit": 2000.0,
        "unit": "ms",
        "observed": 500.0,
        "samples": 540,
        "samples_needed": 60,
        "interval": Interval(low=400.0, high=600.0),
        "margin": 0.75,
        "ok": True,
    }
    return ThresholdResult(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_limit_that_holds() -> None:
    row = threshold_row(result())
    assert (row.name, row.limit, row.observed) == ("cdc_e2e_latency p95", "≤ 2,000 ms", "500 ms")
    assert (row.interval, row.samples, row.margin) == ("400 to 600 ms", "540", "75.0%")
    assert (row.state, row.used, row.used_low, row.used_high) == ("holds", 0.25, 0.2, 0.3)


@pytest.mark.parametrize(
    ("operator", "stat", "limit", "observed", "used"),
    [
        ("<=", "p95", 2000.0, 2000.0, 1.0),
        ("<", "p95", 2000.0, 9000.0, 1.3),
        ("<=", "count", 0.0, 0.0, 0.0),
        ("<=", "count", 0.0, 3.0, 1.3),
        (">=", "rate", 0.99, 1.0, 0.0),
        (">", "rate", 0.98, 0.99, 0.5),
        (">=", "rate", 0.99, 0.5, 1.3),
        (">=", "count", 500.0, 1000.0, 0.5),
        (">=", "count", 500.0, 0.0, 1.3),
        (">=", "rate", 500.0, 1000.0, 0.5),
    ],
)
def test_how_much_of_what_a_limit_allows_is_used(
    operator: str, stat: str, limit: float, observed: float, used: float
) -> None:
    spoilt = result(operator=operator, stat=stat, limit=limit, observed=observed, interval=None)
    assert threshold_row(spoilt).used == pytest.approx(used)


def test_a_limit_without_an_observation_has_no_bar() -> None:
    row = threshold_row(result(observed=None, samples=0, interval=None, margin=None, ok=None))
    assert (row.observed, row.interval, row.margin, row.used) == ("-", "-", "-", None)
    assert (row.samples, row.state) == ("0 of 60", "unknown")


def test_an_end_that_the_samples_cannot_bound_is_open() -> None:
    row = threshold_row(result(interval=Interval(low=400.0, high=None)))
    assert (row.interval, row.used_low, row.used_high) == ("400 to open ms", 0.2, None)


def test_what_is_observed_does_not_look_like_a_limit_that_it_breaks() -> None:
    assert threshold_row(result(observed=2000.3, ok=False)).observed == "2,000.3 ms"


KIB, MIB = 1024, 1024**2


@pytest.mark.parametrize(
    ("low", "high", "interval"),
    [
        (-55.8 * KIB, 258.0 * KIB, "-55.8 to 258 KiB/h"),
        (512.0 * KIB, 1.5 * MIB, "512 KiB/h to 1.50 MiB/h"),
        (-258.0 * KIB, None, "-258 to open KiB/h"),
    ],
)
def test_a_growth_has_one_unit_per_hour(low: float, high: float | None, interval: str) -> None:
    growth = result(
        metric="memory_consumer",
        stat="growth_per_hour",
        limit=64.0 * MIB,
        unit="B/h",
        observed=100.0 * KIB,
        interval=Interval(low=low, high=high),
    )
    row = threshold_row(growth)
    assert (row.limit, row.observed, row.interval) == ("≤ 64 MiB/h", "100 KiB/h", interval)


def test_a_metric_without_a_unit_has_none() -> None:
    rate = result(
        metric="cdc_success_rate",
        stat="rate",
        operator=">=",
        limit=0.99,
        unit="",
        observed=1.0,
        interval=Interval(low=0.9936, high=1.0),
    )
    row = threshold_row(rate)
    assert (row.limit, row.observed, row.interval) == ("≥ 0.99", "1", "0.9936 to 1")
