"""What the consumer tells a collector over OTLP: read back as a collector would."""

from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pytest_httpserver import HTTPServer

from cdc_consumer.coalesce import Write
from cdc_consumer.sink import Acknowledged, Outcome
from cdc_consumer.telemetry import telemetry


class Writer:
    """Acknowledges everything; or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    def apply(self, _: Sequence[Write]) -> Outcome:
        if self.failure is not None:
            raise self.failure
        return Outcome([Acknowledged(events=(), at_us=1)], [], [], [])


def told(server: HTTPServer, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Apply one batch, and return the first span and the metrics by name."""
    server.expect_request("/v1/traces", method="POST").respond_with_data(b"")
    server.expect_request("/v1/metrics", method="POST").respond_with_data(b"")
    # The exporters read it from the process's own environment.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url_for(""))
    found = telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": server.url_for("")})
    assert found is not None
    try:
        found.traced(writer, "group").apply([])
    except type(writer.failure or ValueError()):
        assert writer.failure is not None
    found.close()
    bodies = {request.path: request.get_data() for request, _ in server.log}
    traces = ExportTraceServiceRequest.FromString(bodies["/v1/traces"])
    metrics = ExportMetricsServiceRequest()
    if "/v1/metrics" in bodies:
        metrics = ExportMetricsServiceRequest.FromString(bodies["/v1/metrics"])
    names = {
        metric.name
        for resource in metrics.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    (resource,) = traces.resource_spans
    service = {x.key: x.value.string_value for x in resource.resource.attributes}["service.name"]
    assert service == "cdc-consumer"
    return resource.scope_spans[0].spans[0], names


def test_a_batch_is_a_span_and_counted(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    span, metrics = told(httpserver, Writer(), monkeypatch)
    attributes = {x.key: x.value for x in span.attributes}
    assert span.name == "apply batch"
    assert attributes["messaging.consumer.group.name"].string_value == "group"
    assert attributes["cdc.events.applied"].int_value == 0
    assert metrics == {"messaging.process.duration", "cdc.consumer.events"}


def test_a_batch_that_fails_is_a_span_with_its_error(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    span, _ = told(httpserver, Writer(RuntimeError("MongoDB is gone")), monkeypatch)
    assert span.status.message == "RuntimeError: MongoDB is gone"
    assert span.events[0].name == "exception"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_without_an_endpoint_there_is_none(environment: dict[str, str]) -> None:
    assert telemetry(environment) is None


def test_a_missing_collector_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    found = telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    assert found is not None
    assert found.traced(Writer(), "group").apply([]).rejected == []
    found.close()
