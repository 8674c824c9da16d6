"""The answers of components, as results."""

import pytest
import responses

from cdc_perf.errors import ExitCode, SettingFailure, StackFailures
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import probes
from cdc_perf.stack.checks.connectors import absent, expect_deployed
from cdc_perf.stack.checks.results import Checks, State
from cdc_perf.stack.connector_health import NOT_CREATED, Condition, assess, assess_sink
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.probes import ProbeAnswer, check_answers
from cdc_perf.waiting import NotReady

INFO: dict[str, dict[str, dict[str, str]]] = {"info": {"config": {}}}


def url(endpoints: Endpoints, path: str = "") -> str:
    return f"{endpoints.connect_url}/connectors{path}"


def test_each_answer_is_a_result_and_a_fault_with_several_effects_is_one_failure(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flow(*_: object, checks: Checks, **__: object) -> object:
        return checks.results

    monkeypatch.setattr(probes, "check_flow", flow)
    wrong = SettingFailure("no such connector", hint="use another name")
    answers = (
        ProbeAnswer("postgres", "PostgreSQL 18"),
        ProbeAnswer("kafka", fault="SASL authentication error"),
        ProbeAnswer("connect", fault="refused"),
        ProbeAnswer("connector", fault="refused"),
        ProbeAnswer("sink connector", fault="no such connector", failure=wrong),
        ProbeAnswer("consumer", given=False),
    )
    found = {each.name: each for each in check_answers(pipeline, endpoints, answers)}
    assert {name: each.state for name, each in found.items()} == {
        "postgres": State.OK,
        "kafka": State.FAILED,
        "connect": State.FAILED,
        "connector": State.UNKNOWN,
        "sink connector": State.FAILED,
        "consumer": State.UNKNOWN,
    }
    assert found["kafka"].failures[0].hint.startswith("correct the user and the password")
    assert found["sink connector"].failures == (wrong,)


@responses.activate
def test_a_connector_that_is_not_there_is_named_with_those_that_are(endpoints: Endpoints) -> None:
    names = [f"c{number}" for number in range(7)]
    responses.get(url(endpoints, "?expand=info"), json=dict.fromkeys(names, INFO))
    failure = absent(assess("mine", None), endpoints)
    assert failure.code is ExitCode.USAGE
    assert failure.message == (
        "pipeline.toml: connector.name: Kafka Connect has no connector mine; "
        "it has c0, c1, c2, c3, c4, and 2 more"
    )
    # A deployment would add a second connector.
    assert failure.hint == "use the name of the connector of this pipeline"


@responses.activate
def test_only_without_any_connector_a_deployment_is_the_remedy(endpoints: Endpoints) -> None:
    responses.get(url(endpoints, "?expand=info"), json={})
    failure = absent(assess("mine", None), endpoints)
    assert (failure.code, failure.hint) == (ExitCode.STACK, "inv connector.deploy")
    at_others = Endpoints(
        stack="external",
        postgres_dsn="",
        kafka_bootstrap="",
        connect_url=endpoints.connect_url,
        connector="",
    )
    sink = absent(assess_sink("sink", None, at_others), at_others)
    assert sink.message.startswith("pipeline.toml: sink_connector.name: ")
    assert sink.hint == NOT_CREATED


def test_a_connect_that_does_not_answer_names_no_connector(endpoints: Endpoints) -> None:
    health = assess("mine", None)
    assert health.condition is Condition.ABSENT
    with responses.RequestsMock():
        assert "and no other one" in absent(health, endpoints).message


@responses.activate
def test_every_contradiction_of_a_deployed_connector_is_collected(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    config = url(endpoints, f"/{pipeline.connector.name}/config")
    responses.get(config, json={"topic.prefix": "other", "slot.name": "other"})
    with pytest.raises(StackFailures) as caught:
        expect_deployed(pipeline, endpoints)
    text = str(caught.value)
    assert "topic.prefix is other, but pipeline.toml has cdc" in text
    assert "slot.name is other, but pipeline.toml has cdc_slot" in text
    assert caught.value.code is ExitCode.USAGE


@responses.activate
def test_a_connector_that_cannot_be_asked_is_unknown(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    with pytest.raises(NotReady):
        expect_deployed(pipeline, endpoints)
    responses.get(url(endpoints, f"/{pipeline.connector.name}/config"), status=404)
    responses.get(url(endpoints, "?expand=info"), json={"a": INFO})
    with pytest.raises(SettingFailure, match="; it has a"):
        expect_deployed(pipeline, endpoints)
