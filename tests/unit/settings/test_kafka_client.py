"""Which settings of Kafka clients may be given, which are secrets, and which k6's client knows."""

import re
from pathlib import Path

import pytest

from cdc_perf.settings.kafka_client import (
    GENERATOR_SETTINGS,
    generator_ignores,
    generator_lacks,
    generator_settings,
    is_secret,
    refusal,
)
from cdc_perf.settings.paths import Checkout

LOGIN = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-256", "sasl.username": "cdc"}


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("sasl.password", True),
        ("ssl.key.password", True),
        ("ssl.keystore.password", True),
        ("ssl.key.pem", True),
        ("sasl.oauthbearer.client.secret", True),
        ("sasl.oauthbearer.config", True),
        ("sasl.oauthbearer.assertion.private.key.passphrase", True),
        ("sasl.oauthbearer.assertion.private.key.pem", True),
        ("sasl.username", False),
        ("ssl.key.location", False),
        ("ssl.ca.pem", False),
    ],
)
def test_which_settings_are_secrets(name: str, *, secret: bool) -> None:
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    "name", ["bootstrap.servers", "group.id", "enable.auto.commit", "error_cb", "oauth_cb", "debug"]
)
def test_what_the_harness_sets_itself_is_refused(name: str) -> None:
    assert refusal(name)
    assert not refusal("security.protocol")


def test_the_generator_knows_what_its_source_knows() -> None:
    source = Checkout.here().k6 / "extension" / "kafka_settings.go"
    block = re.search(r"const \((.*?)\n\)", source.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert set(re.findall(r'= "([a-z.]+)"', block[1])) == set(GENERATOR_SETTINGS)


def test_the_generator_gets_only_what_it_knows() -> None:
    client = {**LOGIN, "socket.keepalive.enable": "true"}
    assert generator_settings(client) == LOGIN
    assert generator_ignores(client) == ("socket.keepalive.enable",)
    assert generator_lacks(client) == ""


@pytest.mark.parametrize(
    ("client", "lacks"),
    [
        ({}, ""),
        ({"security.protocol": "ssl"}, ""),
        ({**LOGIN, "sasl.mechanism": "plain"}, ""),
        ({**LOGIN, "sasl.mechanism": "OAUTHBEARER"}, "sasl.mechanism"),
        # librdkafka's default is GSSAPI.
        ({"security.protocol": "sasl_plaintext"}, "sasl.mechanism"),
        ({"security.protocol": "ssl", "ssl.keystore.location": "a.p12"}, "ssl.keystore.location"),
        ({"security.protocol": "ssl", "ssl.crl.location": "a.pem"}, "ssl.crl.location"),
    ],
)
def test_access_that_the_generator_cannot_get(client: dict[str, str], lacks: str) -> None:
    assert generator_lacks(client) == lacks


def test_no_file_is_needed_to_import_the_rules() -> None:
    # `Endpoints` imports them in every command; librdkafka takes long to load.
    source = Path(is_secret.__code__.co_filename).read_text(encoding="utf-8")
    assert "confluent_kafka" not in source
