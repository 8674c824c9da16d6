import json

import pytest

from cdc_consumer.health import health, readiness
from cdc_consumer.progress import ProgressState

WELL = ProgressState("poll", 0.1, 0.1, 30.0)
HUNG = ProgressState("write", 99.0, 30.0, 30.0)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        pytest.param(WELL, 200, id="at rest"),
        pytest.param(ProgressState("write", 3600.0, 29.9, 30.0), 200, id="a batch that takes long"),
        pytest.param(ProgressState("rebalance", 60.0, 60.0, 70.0), 200, id="a slow broker"),
        pytest.param(HUNG, 503, id="a call that does not return"),
        pytest.param(ProgressState("poll", 1e6, 1e6, 30.0), 503, id="a poll that does not return"),
    ],
)
def test_health_is_that_something_comes_of_what_is_done(state: ProgressState, status: int) -> None:
    answer = health(state)
    assert answer.status == status
    body = json.loads(answer.body)
    assert (body["alive"], body["doing"]) == (status == 200, state.doing)
    assert body["quiet_seconds"] == state.quiet_seconds


def test_a_loop_that_hangs_is_not_ready() -> None:
    answer = readiness(HUNG, [], ["u/0"], lambda: "")
    assert answer.status == 503
    assert json.loads(answer.body)["ready"] is False


@pytest.mark.parametrize(
    ("unassigned", "ping", "reasons"),
    [
        pytest.param([], "", [], id="ready"),
        pytest.param(["t"], "", ["no partition of t is assigned"], id="a topic without us"),
        pytest.param([], "refused", ["MongoDB does not answer: refused"], id="no MongoDB"),
        pytest.param(
            ["t"],
            "refused",
            ["no partition of t is assigned", "MongoDB does not answer: refused"],
            id="both",
        ),
    ],
)
def test_readiness_says_what_is_missing(
    unassigned: list[str], ping: str, reasons: list[str]
) -> None:
    answer = readiness(WELL, unassigned, ["u/0"], lambda: ping)
    assert answer.status == (503 if reasons else 200)
    assert answer.content_type == "application/json"
    assert json.loads(answer.body) == {
        "ready": not reasons,
        "reasons": reasons,
        "partitions": ["u/0"],
        "mongodb": ping,
    }
