"""The state of the whole pipeline: its components and its connector."""

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.connector_health import CONNECTOR, read_health, status_rows


def full_status(backend: Backend, pipeline: Pipeline) -> tuple[ComponentStatus, ...]:
    """Return a row for each component, for the connector, and for each of its tasks."""
    statuses = backend.status()
    if any(status.name == CONNECTOR for status in statuses):
        return statuses
    endpoints = backend.endpoints()
    if endpoints is None:
        return statuses
    return (*statuses, *status_rows(read_health(pipeline, endpoints)))
