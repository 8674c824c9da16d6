import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.metrics import Better, MetricType, Source, load_metrics
from cdc_perf.settings.paths import Checkout
from tests.unit.settings.files import Put

_PLAN = (
    *("cdc_e2e_latency", "pg_write_duration", "mongo_read_duration", "cdc_success_rate"),
    *("pg_write_errors", "mongo_read_errors", "pg_records_inserted"),
    *("mongo_documents_found", "mongo_documents_not_found"),
)


def test_the_metrics_of_the_plan_are_there(committed: Checkout) -> None:
    metrics = load_metrics(committed)
    assert set(_PLAN) <= set(metrics)
    latency = metrics["cdc_e2e_latency"]
    assert (latency.type, latency.unit, latency.better) == (MetricType.TREND, "ms", Better.LOWER)
    assert latency.k6_name == "cdc_e2e_latency{phase:steady}"
    assert metrics["cdc_success_rate"].k6_name == "cdc_success_rate"
    untagged = {x.name for x in metrics.values() if x.source is Source.K6 and not x.tagged}
    assert untagged == {"dropped_iterations", "generator_delay"}
    assert metrics["cdc_success_rate"].better is Better.HIGHER


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"type": "summary"}, "metrics.json: a.type: invalid enum value 'summary'"),
        ({"better": "up"}, "metrics.json: a.better: invalid enum value 'up'"),
        ({"phase": "warm"}, "metrics.json: a.phase: invalid enum value 'warm'"),
        ({"direction": "up"}, "metrics.json: a.direction: is not a known setting"),
    ],
)
def test_a_wrong_metric_is_one_line_that_names_the_place(
    checkout: Checkout, put: Put, entry: dict[str, str], line: str
) -> None:
    good = {"source": "k6", "type": "trend", "unit": "ms", "better": "lower", "phase": "all"}
    put(checkout.metrics_file, {"a": {**good, **entry}})
    with pytest.raises(UsageFailure) as caught:
        load_metrics(checkout)
    assert str(caught.value) == line
