from dataclasses import replace

import pytest
import requests
import responses

from cdc_perf.load.progress import LoadProgress, MetricState, ask

STATUS = {"data": {"attributes": {"vus": 7, "running": True}}}


def metrics(**samples: dict[str, float]) -> dict[str, object]:
    return {"data": [{"id": name, "attributes": {"sample": s}} for name, s in samples.items()]}


@responses.activate
def test_progress_is_read_from_k6() -> None:
    responses.get("http://127.0.0.1:20000/v1/status", json=STATUS)
    responses.get(
        "http://127.0.0.1:20000/v1/metrics",
        json=metrics(
            iterations={"count": 40, "rate": 4.0},
            pg_write_errors={"count": 1, "rate": 0.1},
            mongo_documents_not_found={"count": 2, "rate": 0.2},
            cdc_e2e_latency={"p(95)": 31.5},
        ),
    )
    progress = ask(20_000, 10.0, 40.0)
    assert progress is not None
    assert progress.metrics["iterations"] == MetricState(None, {"count": 40, "rate": 4.0})
    assert replace(progress, metrics={}) == LoadProgress(
        elapsed_seconds=10.0,
        total_seconds=40.0,
        running=True,
        vus=7,
        iterations=40,
        iterations_per_second=4.0,
        errors=3,
        p95_ms=31.5,
    )
    assert progress.share == 0.25


@responses.activate
def test_before_the_first_iteration_there_is_nothing_to_say_of_latency() -> None:
    responses.get("http://127.0.0.1:20000/v1/status", json=STATUS)
    responses.get("http://127.0.0.1:20000/v1/metrics", json=metrics())
    progress = ask(20_000, 0.0, 40.0)
    assert progress is not None
    assert (progress.iterations, progress.errors, progress.p95_ms) == (0, 0, None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"body": requests.ConnectionError()}, id="refused"),
        pytest.param({"body": requests.Timeout()}, id="no answer"),
        pytest.param({"status": 500}, id="an error"),
        pytest.param({"body": "not JSON"}, id="no JSON"),
        pytest.param({"json": {"data": None}}, id="another JSON"),
    ],
)
@responses.activate
def test_a_k6_that_does_not_answer_has_no_progress(answer: dict[str, object]) -> None:
    responses.get("http://127.0.0.1:20000/v1/status", **answer)
    assert ask(20_000, 0.0, 40.0) is None


def test_a_run_that_lasts_longer_than_its_load_stays_at_the_whole() -> None:
    late = LoadProgress(
        elapsed_seconds=50.0,
        total_seconds=40.0,
        running=False,
        vus=0,
        iterations=0,
        iterations_per_second=0.0,
        errors=0,
        p95_ms=None,
    )
    assert (late.share, late.left_seconds) == (1.0, 0.0)
