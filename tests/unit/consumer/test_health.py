import json

import pytest

from cdc_consumer.health import STALLED_SECONDS, health, readiness


@pytest.mark.parametrize(
    ("age", "status"),
    [(0.0, 200), (STALLED_SECONDS - 0.1, 200), (STALLED_SECONDS, 503), (1e6, 503)],
)
def test_health_is_that_the_loop_goes_round(age: float, status: int) -> None:
    answer = health(age)
    assert answer.status == status
    assert json.loads(answer.body) == {"alive": status == 200, "last_poll_seconds": age}


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
    answer = readiness(unassigned, ["u/0"], lambda: ping)
    assert answer.status == (503 if reasons else 200)
    assert answer.content_type == "application/json"
    assert json.loads(answer.body) == {
        "ready": not reasons,
        "reasons": reasons,
        "partitions": ["u/0"],
        "mongodb": ping,
    }
