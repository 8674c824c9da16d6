"""Which metric stands for latency, and the table of all of them."""

import pytest

from cdc_perf.report.html.k6_metrics import main_latency, metric_rows
from cdc_perf.results.foreign_summary import ForeignSummary
from cdc_perf.results.summary import Metric, SummaryType


@pytest.mark.parametrize(
    ("samples", "name"),
    [
        ({}, ""),
        ({"iteration_duration": 5}, "iteration_duration"),
        ({"iteration_duration": 5, "group_duration": 5}, "group_duration"),
        ({"iteration_duration": 5, "mine": 3, "other": 9}, "other"),
        ({"http_req_duration": 1, "http_req_waiting": 9, "mine": 50}, "http_req_duration"),
        ({"http_req_duration": 0, "mine": 5}, "mine"),
        ({"grpc_req_duration": 3, "iteration_duration": 5}, "grpc_req_duration"),
        ({"cdc_e2e_latency": 3, "http_req_duration": 5}, "cdc_e2e_latency"),
        ({"mine{a:b}": 3}, ""),
        ({"ws_session_duration": 3, "ws_ping": 3, "iteration_duration": 3}, "ws_session_duration"),
    ],
)
def test_which_metric_is_the_latency(samples: dict[str, int], name: str) -> None:
    assert main_latency(samples) == name


def test_every_metric_has_a_row() -> None:
    metrics = {
        "time": Metric(SummaryType.TREND, "time", {"avg": 9.0, "p(95)": 18.0, "count": 45.0}),
        "data": Metric(SummaryType.COUNTER, "data", {"count": 4830.0, "rate": 2048.0}),
        "rate{a:b}": Metric(SummaryType.RATE, "default", {"rate": 0.5, "passes": 2, "fails": 2}),
        "gauge": Metric(SummaryType.GAUGE, "default", {"value": None}),
        "empty": Metric(SummaryType.TREND, "time", {}),
    }
    rows = {row.name: row for row in metric_rows(ForeignSummary(1, "s", 0.0, metrics, ()), {})}
    assert rows.keys() == metrics.keys()
    assert rows["time"].figures == "avg 9 ms, p(95) 18 ms"
    assert rows["data"].figures == "count 4.72 KiB, rate 2 KiB/s"
    assert [rows[name].samples for name in ("time", "rate{a:b}", "data")] == ["45", "4", "-"]
    assert (rows["gauge"].figures, rows["empty"].figures) == ("value -", "-")
