"""Checks that the replication slot is one that the connector can read, and that it does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.waiting import NotReady, WaitTimeout, wait_until

_SLOTS = """
    SELECT slot_name, coalesce(plugin, ''), coalesce(database, ''), active, wal_status = 'lost'
    FROM pg_replication_slots ORDER BY slot_name
"""
_PLACE = "pipeline.toml: postgres.slot"
_PLUGIN = "pgoutput"
_MOST_LISTED = 5
# A connector whose connection broke waits a second or more before it connects again.
_RECONNECT_SECONDS = 3.0


@dataclass(frozen=True)
class Slot:
    """A replication slot, as in pg_replication_slots.

    Attributes:
        name: Its name.
        plugin: Its output plugin; empty if it is a physical slot.
        database: Its database; empty if it is a physical slot.
        active: Whether something reads from it.
        lost: Whether PostgreSQL has removed changes that it still needs.
    """

    name: str
    plugin: str
    database: str
    active: bool
    lost: bool

    def __str__(self) -> str:
        """Return the slot as a part of a list."""
        if not self.plugin:
            return f"{self.name} (physical)"
        return f"{self.name} ({self.plugin}, {self.database}{'' if self.active else ', inactive'})"


@dataclass(frozen=True)
class SlotFault:
    """Why a slot cannot be used.

    Attributes:
        what: The reason.
        remedy: What to do.
        may_pass: Whether it may end by itself.
    """

    what: str
    remedy: str
    may_pass: bool = False


def expect_slot(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, *, reading: bool
) -> None:
    """Return if the slot can be read by the connector.

    Args:
        connection: Connection to the source database.
        pipeline: Names the slot.
        reading: Whether the connector must read from it now. The first deployment of a connector
            creates the slot.

    Raises:
        StackFailure: It cannot, or nothing reads from it.
    """
    wanted, database = pipeline.postgres.slot, connection.info.dbname
    found: list[SlotFault] = []

    def probe() -> None:
        slots = [Slot(*row) for row in connection.execute(_SLOTS)]
        fault = slot_fault(wanted, database, slots, reading=reading)
        if fault is None:
            return
        if not fault.may_pass:
            raise SettingFailure(f"{_PLACE}: {fault.what}", hint=fault.remedy)
        found.append(fault)
        raise NotReady(fault.what)

    try:
        wait_until(
            probe,
            what=f"replication slot {wanted}",
            deadline_seconds=_RECONNECT_SECONDS,
            interval_seconds=0.2,
        )
    except WaitTimeout:
        raise StackFailure(f"{_PLACE}: {found[-1].what}", hint=found[-1].remedy) from None


def slots(connection: Connection[tuple[Any, ...]]) -> str:
    """Return the slots of the server, as a list for people."""
    found = [Slot(*row) for row in connection.execute(_SLOTS)]
    return ", ".join(map(str, found)) or "none"


def slot_fault(
    wanted: str, database: str, slots: Sequence[Slot], *, reading: bool
) -> SlotFault | None:
    """Return why the connector cannot use a slot of these; None if it can.

    Args:
        wanted: The name of the slot.
        database: The source database.
        slots: All slots of the server.
        reading: As in `expect_slot`.
    """
    slot = next((each for each in slots if each.name == wanted), None)
    others = _listed([each for each in slots if each.name != wanted], database)
    if slot is None:
        if not reading:
            return None
        return SlotFault(
            f"PostgreSQL has no replication slot {wanted}; {others}",
            "use the slot.name of your connector"
            if any(each.plugin for each in slots)
            else "use the slot.name of your connector; "
            f"if there is none yet: {COMMAND} connector.deploy",
        )
    fault = _kind_fault(slot, database)
    if fault is None and reading and not slot.active:
        fault = SlotFault(
            f"{wanted} is inactive: no connector reads from it",
            "start its connector, or use the slot.name of the one that runs",
            may_pass=True,
        )
    return fault and replace(fault, what=f"{fault.what}; {others}")


def _kind_fault(slot: Slot, database: str) -> SlotFault | None:
    """Return why no connector can use a slot for a database; None if one can."""
    if not slot.plugin:
        return SlotFault(f"{slot.name} is a physical slot", "use a logical slot")
    if slot.plugin != _PLUGIN:
        return SlotFault(
            f"{slot.name} has the output plugin {slot.plugin}, not {_PLUGIN}",
            f"use a slot with {_PLUGIN}, and plugin.name={_PLUGIN} in the connector",
        )
    if slot.database != database:
        return SlotFault(
            f"{slot.name} is a slot of the database {slot.database}, not of {database}",
            "use the slot.name of the connector that captures this database",
        )
    if slot.lost:
        return SlotFault(
            f"PostgreSQL has removed changes that {slot.name} needs (wal_status is lost)",
            "drop the slot, raise max_slot_wal_keep_size, and start the connector again",
        )
    return None


def _listed(slots: Sequence[Slot], database: str) -> str:
    """Return the end of a message: the other slots, the likeliest ones first."""
    if not slots:
        return "there is no other slot"
    ranked = sorted(slots, key=lambda x: (x.plugin != _PLUGIN, x.database != database, x.name))
    more = len(ranked) - _MOST_LISTED
    names = ", ".join(map(str, ranked[:_MOST_LISTED]))
    return f"other slots: {names}{f', and {more} more' if more > 0 else ''}"
