"""The state of the whole pipeline: its components and its connectors."""

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.connector_health import is_connector, read_connectors, status_rows


def full_status(backend: Backend, pipeline: Pipeline) -> tuple[ComponentStatus, ...]:
    """Return a row for each component, for each connector, and for each of its tasks."""
    statuses = backend.status()
    if any(map(is_connector, statuses)):
        return statuses
    endpoints = backend.endpoints()
    if endpoints is None:
        return statuses
    return (*statuses, *status_rows(read_connectors(pipeline, endpoints)))
