"""Delays that are planted in a copy of the checkout, for comparisons whose answer is known."""

import random
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec


class Place(StrEnum):
    """Where a delay is planted."""

    POSTGRESQL = "PostgreSQL"
    KAFKA_TO_CONSUMER = "Kafka to consumer"
    CONSUMER_TO_MONGODB = "consumer to MongoDB"


class Kind(StrEnum):
    """What a comparison of two versions should find."""

    NOTHING = "nothing"
    P50_5 = "p50 +5%"
    P50_10 = "p50 +10%"
    P95_10 = "p95 +10%"


@dataclass(frozen=True)
class Base:
    """The latency of the version without a delay, in milliseconds."""

    p50: float
    p95: float


class Plant(msgspec.Struct, frozen=True, kw_only=True):
    """A delay.

    Attributes:
        kind: What it should do.
        place: Where it is; null if there is none.
        delay_ms: Its length.
        share: The share of the changes that have it.
    """

    kind: Kind
    place: Place | None = None
    delay_ms: float = 0.0
    share: float = 0.0


# A tenth of the changes are delayed by so much of p95; the rest of the distribution is as before.
_TAIL_SHARE, _TAIL_DELAY = 0.1, 0.28


def drawn(kind: Kind, base: Base, chance: random.Random) -> Plant:
    """Return a delay of a kind, at a place that chance chooses."""
    if kind is Kind.NOTHING:
        return Plant(kind=kind)
    place = chance.choice(tuple(Place))
    if kind is Kind.P95_10:
        return Plant(kind=kind, place=place, delay_ms=_TAIL_DELAY * base.p95, share=_TAIL_SHARE)
    share = 0.05 if kind is Kind.P50_5 else 0.1
    return Plant(kind=kind, place=place, delay_ms=share * base.p50, share=1.0)


def plant(it: Plant, checkout: Path) -> None:
    """Put a delay into a copy of the checkout.

    Raises:
        ValueError: The code has changed, so that the place is not found.
    """
    match it.place:
        case Place.POSTGRESQL:
            schema = checkout / "pipelines" / "sample" / "schema.sql"
            schema.write_text(schema.read_text(encoding="utf-8") + _trigger(it), encoding="utf-8")
        case Place.KAFKA_TO_CONSUMER:
            _insert(checkout, it, after="        if first is None:\n            return\n")
        case Place.CONSUMER_TO_MONGODB:
            _insert(checkout, it, after="        coalesced = coalesce(events)\n")
        case None:
            pass


def _insert(checkout: Path, it: Plant, *, after: str) -> None:
    path = checkout / "src" / "cdc_consumer" / "loop.py"
    code = path.read_text(encoding="utf-8")
    if code.count(after) != 1:
        raise ValueError(f"{path}: {after!r} is not there once")
    delay = (
        "        import random\n"
        f"        if random.random() < {it.share}:\n"
        f"            time.sleep({it.delay_ms / 1000:.6f})\n"
    )
    path.write_text(code.replace(after, after + delay), encoding="utf-8")


def _trigger(it: Plant) -> str:
    """Return a trigger that waits; pg_sleep would round up to whole milliseconds."""
    return f"""
CREATE FUNCTION planted_delay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends timestamptz := clock_timestamp() + interval '{1000 * it.delay_ms:.0f} microseconds';
BEGIN
    IF random() < {it.share} THEN
        WHILE clock_timestamp() < ends LOOP
        END LOOP;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER planted_delay BEFORE INSERT ON customer
    FOR EACH ROW EXECUTE FUNCTION planted_delay();
"""
