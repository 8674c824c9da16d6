"""What the consumer says of its own health. No I/O but the ping it is given."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

# More than any one call may last: 10 s for an answer of MongoDB, 2 s to find it, 2 s between tries.
STALLED_SECONDS = 20.0


class Answer(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes


class Facts(Struct, frozen=True):
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


def health(poll_age_seconds: float) -> Answer:
    """Answer /healthz: 200 while the loop makes progress, else 503."""
    alive = poll_age_seconds < STALLED_SECONDS
    return _json(200 if alive else 503, {"alive": alive, "last_poll_seconds": poll_age_seconds})


def readiness(
    unassigned: Sequence[str], partitions: Sequence[str], ping: Callable[[], str]
) -> Answer:
    """Answer /readyz: 200 when every topic is assigned and MongoDB answers, else 503 with reasons.

    Args:
        unassigned: Topics of which no partition is assigned.
        partitions: The partitions assigned.
        ping: Asks MongoDB; returns an empty text, or why it failed.
    """
    mongodb = ping()
    reasons = [f"no partition of {topic} is assigned" for topic in unassigned]
    if mongodb:
        reasons.append(f"MongoDB does not answer: {mongodb}")
    facts = Facts(not reasons, reasons, list(partitions), mongodb)
    return _json(503 if reasons else 200, facts)


def _json(status: int, content: object) -> Answer:
    return Answer(status, "application/json", msgspec.json.encode(content))
