"""The consumer's health endpoints. No I/O except the given ping."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from cdc_consumer.progress import ProgressState


class HealthResponse(Struct, frozen=True):
    """An HTTP response."""

    status: int
    content_type: str
    body: bytes


class HealthFacts(Struct, frozen=True):
    """The readiness of the consumer, and its reasons.

    Attributes:
        ready: Whether the consumer applies events of every table.
        reasons: Why not.
        partitions: The assigned partitions, as `topic/partition`.
        mongodb: The error of MongoDB's ping; empty if it answered.
    """

    ready: bool
    reasons: list[str]
    partitions: list[str]
    mongodb: str


def health(state: ProgressState) -> HealthResponse:
    """Answer /healthz: 200 while the loop makes progress, idle or in a long batch; else 503.

    An unavailable dependency does not matter here: a restart would not bring it back.
    """
    content = {"alive": state.alive, **msgspec.structs.asdict(state)}
    return _json(200 if state.alive else 503, content)


def readiness(
    state: ProgressState,
    unassigned: Sequence[str],
    partitions: Sequence[str],
    ping: Callable[[], str],
) -> HealthResponse:
    """Answer /readyz: 200 if no topic is unassigned and MongoDB answers, else 503 with reasons.

    Args:
        state: The state of the loop; a hanging loop applies nothing.
        unassigned: Required topics without an assigned partition.
        partitions: The assigned partitions.
        ping: Pings MongoDB; returns an empty text, or why it failed.
    """
    mongodb = ping()
    reasons = [f"no partition of {topic} is assigned" for topic in unassigned]
    if mongodb:
        reasons.append(f"MongoDB does not answer: {mongodb}")
    if not state.alive:
        reasons.append(f"the loop hangs in the step {state.doing}")
    facts = HealthFacts(not reasons, reasons, list(partitions), mongodb)
    return _json(503 if reasons else 200, facts)


def _json(status: int, content: object) -> HealthResponse:
    return HealthResponse(status, "application/json", msgspec.json.encode(content))
