"""Settings of Kafka clients from pipeline.toml and from a file: merging, paths, and bad input."""

from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.pipeline import KafkaSink, Pipeline
from cdc_perf.stack.external.kafka_settings import kafka_client

PASSWORD = "hunter2"  # noqa: S105 - a planted secret


def with_client(pipeline: Pipeline, **client: str) -> Pipeline:
    properties = {name.replace("_", "."): value for name, value in client.items()}
    kafka = msgspec.structs.replace(pipeline.kafka, client_properties=properties)
    return msgspec.structs.replace(pipeline, kafka=kafka)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kafka.properties"


def test_the_file_overrides_pipeline_toml(pipeline: Pipeline, file: Path, tmp_path: Path) -> None:
    file.write_bytes(
        b"\xef\xbb\xbf# login\n\n  sasl.mechanisms = PLAIN \r\n"
        b"sasl.username=cdc\nsasl.password=a=b#c\n"
    )
    filed = with_client(pipeline, security_protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-256")
    assert kafka_client(filed, str(file), tmp_path) == {
        "security.protocol": "SASL_SSL",
        # One setting with two names.
        "sasl.mechanism": "PLAIN",
        "sasl.username": "cdc",
        "sasl.password": "a=b#c",
    }


def test_without_settings_there_are_none(pipeline: Pipeline, tmp_path: Path) -> None:
    assert kafka_client(pipeline, "", tmp_path) == {}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("sasl.password hunter2", "line 2 is not name=value"),
        ("sasl.password=", "line 2 is not name=value"),
        ("=hunter2", "line 2 is not name=value"),
        ("sasl.pasword=hunter2", 'sasl.pasword: No such configuration property: "sasl.pasword"'),
        ("security.protocol=hunter2", "security.protocol: librdkafka does not accept the value"),
        ("security.protocol=sasl_ssl", "security.protocol: sasl.mechanism is missing"),
        ("sasl.username=x", "sasl.username: is set twice"),
        ("group.id=hunter2", "group.id: is set by cdc-perf; remove it"),
        ("error_cb=hunter2", "error_cb: cannot be set in a file; remove it"),
        ("ssl.ca.location=ca.pem", "ssl.ca.location: {folder}/ca.pem does not exist"),
    ],
)
def test_a_wrong_line_is_named_without_its_value(
    pipeline: Pipeline, file: Path, tmp_path: Path, line: str, what: str
) -> None:
    file.write_text(f"sasl.username=x\n{line}\n")
    with pytest.raises(UsageFailure) as caught:
        kafka_client(pipeline, str(file), tmp_path)
    message = caught.value.message
    assert message.startswith(f"{file}: ")
    assert what.format(folder=tmp_path) in message
    assert PASSWORD not in str(caught.value)
    assert "\n" not in message


def test_a_login_without_a_password_says_what_is_missing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    filed = with_client(
        pipeline, security_protocol="SASL_SSL", sasl_mechanism="PLAIN", sasl_username="cdc"
    )
    with pytest.raises(UsageFailure, match=r"sasl\.username and sasl\.password must be set"):
        kafka_client(filed, "", tmp_path)


def test_a_file_that_is_not_text(pipeline: Pipeline, file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"sasl.username=\xff")
    with pytest.raises(UsageFailure, match=r"kafka\.properties: not UTF-8 at byte 14"):
        kafka_client(pipeline, str(file), tmp_path)


def test_a_relative_path_is_one_in_the_folder(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    filed = with_client(pipeline, security_protocol="SSL", ssl_ca_location="ca.pem")
    # librdkafka reads the file, and finds no certificate in it.
    with pytest.raises(UsageFailure) as caught:
        kafka_client(filed, "", tmp_path)
    assert caught.value.message.startswith("pipeline.toml: kafka.client_properties.ssl.ca.location")
    plain = with_client(pipeline, ssl_ca_location="ca.pem")
    found = kafka_client(plain, "", tmp_path)
    assert found == {"ssl.ca.location": str(tmp_path / "ca.pem")}


def test_only_a_kafka_sink_is_read_by_the_generator(pipeline: Pipeline, tmp_path: Path) -> None:
    filed = with_client(pipeline, ssl_curves_list="P-256")
    assert kafka_client(filed, "", tmp_path) == {"ssl.curves.list": "P-256"}
    followed = msgspec.structs.replace(filed, sink=KafkaSink())
    with pytest.raises(UsageFailure) as caught:
        kafka_client(followed, "", tmp_path)
    where = "pipeline.toml: kafka.client_properties.ssl.curves.list"
    assert caught.value.message == f"{where}: k6, which reads this sink, does not support it"
