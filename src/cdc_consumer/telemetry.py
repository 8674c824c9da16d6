"""Traces and metrics over OTLP, if OpenTelemetry's variables are set.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cdc_consumer.coalesce import Write
from cdc_consumer.loop import Writer
from cdc_consumer.sink import Outcome

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

_NAME = "cdc-consumer"
_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
# An unavailable collector must not keep the consumer from exiting.
_EXPORT_SECONDS = 1.0


class Telemetry:
    """Two providers, which export in their own threads."""

    def __init__(self, tracers: "TracerProvider", meters: "MeterProvider") -> None:
        self._tracers = tracers
        self._meters = meters

    def traced(self, writer: Writer, group: str) -> Writer:
        """Return a writer that traces each batch, for the consumer group `group`."""
        return _Traced(writer, group, self._tracers, self._meters)

    def close(self) -> None:
        """Export the rest, waiting at most a second for each provider."""
        self._tracers.shutdown()
        self._meters.shutdown(timeout_millis=_EXPORT_SECONDS * 1000)


def telemetry(environment: Mapping[str, str]) -> Telemetry | None:
    """Return the configured telemetry; None without an endpoint, or if the SDK is disabled.

    The libraries take half a second to import, so they are imported only if needed.
    """
    disabled = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if disabled or not any(environment.get(name) for name in _ENDPOINTS):
        return None
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    # An argument would override the variable, so it is passed only if the variable is not set.
    named = environment.get("OTEL_SERVICE_NAME", "")
    resource = Resource.create({} if named else {"service.name": _NAME})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_SECONDS)))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(timeout=_EXPORT_SECONDS))
    return Telemetry(tracers, MeterProvider([reader], resource=resource, shutdown_on_exit=False))


class _Traced:
    """Wraps a writer: for each batch a span, its duration, and its event counts.

    Names: https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
    """

    def __init__(
        self, writer: Writer, group: str, tracers: "TracerProvider", meters: "MeterProvider"
    ) -> None:
        self._writer = writer
        self._group = group
        self._tracer = tracers.get_tracer(_NAME)
        meter = meters.get_meter(_NAME)
        self._duration = meter.create_histogram("messaging.process.duration", unit="s")
        self._events = meter.create_counter("cdc.consumer.events", unit="{event}")

    def apply(self, writes: Sequence[Write]) -> Outcome:
        """Apply the writes and return the outcome of each event."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - imported already

        shared = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.operation.name": "apply",
            "messaging.consumer.group.name": self._group,
        }
        began = time.perf_counter()
        size: dict[str, str | int] = {
            "db.system.name": "mongodb",
            "db.operation.batch.size": len(writes),
        }
        with self._tracer.start_as_current_span(
            "apply batch", kind=SpanKind.CONSUMER, attributes={**shared, **size}
        ) as span:
            outcome = self._writer.apply(writes)
            counts = {
                "applied": sum(len(group.events) for group in outcome.acknowledged),
                "stale": len(outcome.stale),
                "rejected": len(outcome.rejected),
            }
            for name, count in counts.items():
                span.set_attribute(f"cdc.events.{name}", count)
                self._events.add(count, {"cdc.outcome": name})
        self._duration.record(time.perf_counter() - began, shared)
        return outcome
