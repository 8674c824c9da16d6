"""Kafka clients: every one has the settings of the pipeline; their errors show no secret."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.kafka_client import named_in, reason, refusal_of

PACKAGE = Checkout.here().root / "scripts" / "cdc_perf"
CLIENTS = {"Consumer", "Producer", "AdminClient"}


def functions_with_clients() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "confluent_kafka" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Name)
                and each.func.id in CLIENTS
                for each in ast.walk(node)
            ):
                yield path, node


FOUND = list(functions_with_clients())


def test_the_clients_are_found() -> None:
    assert {path.name for path, _ in FOUND} >= {"lag.py", "topics.py", "topic_windows.py"}


@pytest.mark.parametrize(
    ("path", "function"), FOUND, ids=[f"{path.stem}.{each.name}" for path, each in FOUND]
)
def test_every_client_has_the_settings_of_the_pipeline(
    path: Path, function: ast.FunctionDef
) -> None:
    source = ast.unparse(function)
    # `client_settings` merges them.
    merged = ("**client", "**self.client", "client_settings(context.endpoints)")
    assert any(each in source for each in merged), path


TEXT = (
    "sasl_ssl://kafka.test:9093/bootstrap: SASL authentication error: Authentication failed: "
    "Invalid username or password hunter2 (after 301ms in state AUTH_REQ)"
)


def test_an_error_names_the_broker_and_hides_secrets() -> None:
    client = {"sasl.password": "hunter2", "sasl.username": "cdc"}
    assert reason(TEXT, "kafka.test:9093", client) == (
        "kafka.test:9093: SASL authentication error: Authentication failed: "
        "Invalid username or password ***"
    )
    assert reason("Local: Timed out", "a.test:1", {}) == "a.test:1: Local: Timed out"
    assert reason("", "a.test:1", {}) == "a.test:1: "


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('No such configuration property: "sasl.mech"', ("sasl.mech",)),
        ("ssl.ca.location failed: error:05800088", ("ssl.ca.location",)),
        ("Unsupported SASL mechanism: hunter2", ("sasl.mech", "sasl.mechanism", "ssl.ca.location")),
    ],
)
def test_the_setting_that_an_error_names(text: str, names: tuple[str, ...]) -> None:
    client = dict.fromkeys(("sasl.mechanism", "sasl.mech", "ssl.ca.location"), "x")
    assert named_in(text, client) == names


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ({"sasl.pasword": "hunter2"}, 'No such configuration property: "sasl.pasword"'),
        ({"security.protocol": "hunter2"}, ""),
        (
            {"security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN"},
            "sasl.username and sasl.password must be set",
        ),
    ],
)
def test_a_refusal_shows_no_value(client: dict[str, str], why: str) -> None:
    refused = refusal_of(client)
    assert refused is not None
    assert refused.why == why
    assert set(refused.names) <= set(client)


def test_settings_that_are_accepted() -> None:
    assert refusal_of({}) is None
    login = {"sasl.mechanism": "PLAIN", "sasl.username": "cdc", "sasl.password": "hunter2"}
    assert refusal_of({"security.protocol": "SASL_SSL", **login}) is None
