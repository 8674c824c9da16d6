import pytest

from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed


@pytest.mark.parametrize(
    ("kind", "stat", "limit", "needed"),
    [
        (MetricType.TREND, "p50", 500, 6),
        (MetricType.TREND, "p90", 500, 30),
        (MetricType.TREND, "p95", 500, 60),
        (MetricType.TREND, "p99", 500, 300),
        (MetricType.TREND, "p99.9", 500, 3000),
        (MetricType.TREND, "avg", 500, 1),
        (MetricType.TREND, "max", 500, 1),
        (MetricType.TREND, "count", 500, 1),
        (MetricType.RATE, "rate", 0.99, 300),
        (MetricType.RATE, "rate", 0.01, 300),
        (MetricType.RATE, "rate", 0.999, 3000),
        (MetricType.RATE, "rate", 0.95, 60),
        (MetricType.RATE, "rate", 0.5, 6),
        (MetricType.RATE, "rate", 1e-7, 30_000_000),
        (MetricType.COUNTER, "count", 0, 0),
        (MetricType.COUNTER, "rate", 0.99, 0),
    ],
)
def test_the_rule_of_three_is_exact(kind: MetricType, stat: str, limit: float, needed: int) -> None:
    assert samples_needed(kind, stat, limit) == needed
