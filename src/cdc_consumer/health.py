"""What the consumer says of its own health. No I/O but the ping it is given."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from cdc_consumer.progress import ProgressState


class HealthResponse(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes


class HealthFacts(Struct, frozen=True):
    """What readiness is judged by, and shown in its answer.

    Attributes:
        ready: Whether the consumer applies events of every table.
        reasons: Why not.
        partitions: The partitions assigned, as `topic/partition`.
        mongodb: What MongoDB's ping failed with; empty when it answered.
    """

    ready: bool
    reasons: list[str]
    partitions: list[str]
    mongodb: str


def health(standing: ProgressState) -> HealthResponse:
    """Answer /healthz: 200 while the loop gets on, at rest or in a batch that takes long, else 503.

    A dependency that is away is none of its business: a restart would not bring it back.
    """
    content = {"alive": standing.alive, **msgspec.structs.asdict(standing)}
    return _json(200 if standing.alive else 503, content)


def readiness(
    standing: ProgressState,
    unassigned: Sequence[str],
    partitions: Sequence[str],
    ping: Callable[[], str],
) -> HealthResponse:
    """Answer /readyz: 200 when every topic is assigned and MongoDB answers, else 503 with reasons.

    Args:
        standing: The state of the loop: one that hangs applies nothing.
        unassigned: Topics of which no partition is assigned.
        partitions: The partitions assigned.
        ping: Asks MongoDB; returns an empty text, or why it failed.
    """
    mongodb = ping()
    reasons = [f"no partition of {topic} is assigned" for topic in unassigned]
    if mongodb:
        reasons.append(f"MongoDB does not answer: {mongodb}")
    if not standing.alive:
        reasons.append(f"the loop hangs in {standing.doing}")
    facts = HealthFacts(not reasons, reasons, list(partitions), mongodb)
    return _json(503 if reasons else 200, facts)


def _json(status: int, content: object) -> HealthResponse:
    return HealthResponse(status, "application/json", msgspec.json.encode(content))
