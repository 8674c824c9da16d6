"""The result of the canary row, and what it leaves."""

import msgspec
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import KafkaSink, Pipeline
from cdc_perf.stack import canary
from cdc_perf.stack.checks.canary import check_canary, no_canary, what_remains
from cdc_perf.stack.checks.results import State
from cdc_perf.stack.endpoints import Endpoints


def test_a_row_that_arrived(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "run_canary", lambda *_, **__: 0.0314)
    result = check_canary(pipeline, endpoints)
    assert (result.state, result.detail) == (State.OK, "through every hop in 31 ms")
    assert "expire with the topic's retention" in result.remains


def test_a_row_that_did_not_arrive(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> float:
        raise StackFailure("the canary was not ready")

    monkeypatch.setattr(canary, "run_canary", lost)
    result = check_canary(pipeline, endpoints)
    assert result.state is State.FAILED
    assert [each.message for each in result.failures] == ["the canary was not ready"]
    assert result.remains == ""


def test_a_row_that_was_not_sent() -> None:
    assert no_canary("a check failed").state is State.SKIPPED


def test_only_a_consumer_of_ours_leaves_a_delete_marker(pipeline: Pipeline) -> None:
    table = "public.cdc_perf_canary"
    assert "its delete marker expires after 168 h; " in what_remains(pipeline, table)
    others = msgspec.structs.replace(pipeline, consumer=None, sink=KafkaSink())
    assert what_remains(others, table) == (
        "the canary left no row; its records in the topic cdc.public.cdc_perf_canary expire "
        "with the topic's retention"
    )
