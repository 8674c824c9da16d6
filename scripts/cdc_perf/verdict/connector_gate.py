"""Whether the connector and its tasks still ran when the load was over."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.connector_health import LASTING, Condition, ConnectorHealth
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate

_NAME, _LIMIT = "connector", "the connector and its tasks run"


def connector_gate(
    health: ConnectorHealth | None, events: Sequence[ComponentEvent] | None = ()
) -> Gate:
    """The connector and each of its tasks run: a failed one does not recover by itself.

    A worker that does not answer is reported by its component's gate and by the drain.
    """
    if health is None:
        return unknown_gate(_NAME, _LIMIT, "unknown: no address of Kafka Connect is given")
    if health.running:
        return passed_gate(_NAME, _LIMIT, "they do")
    if health.condition is Condition.UNKNOWN:
        return unknown_gate(_NAME, _LIMIT, f"unknown: {health.detail}")
    # An operator who stops a component leaves a connector without tasks for a while.
    operated = any(event.by_operator for event in events or ())
    lasting = health.condition in LASTING or health.condition is Condition.ABSENT
    return failed_gate(
        _NAME,
        _LIMIT,
        str(health.condition),
        code=ExitCode.FAIL,
        overrides_invalid=lasting and not operated,
        reason=health.sentence,
    )
