"""schema.sql: the objects of a dump that the embedded PostgreSQL accepts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from cdc_perf.init.dump import ALTERATION, Dump, DumpEntry
from cdc_perf.installation import COMMAND

_DIVIDER = "\n\n"
# A comment on an object that was refused is refused too.
_COMMENT = "COMMENT"
_RELATIONS = frozenset(("TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE"))


@dataclass(frozen=True)
class Refused:
    """An object that PostgreSQL does not create, and its first line about that."""

    entry: DumpEntry
    reason: str

    def __str__(self) -> str:
        """Return both, for a message."""
        return f"{self.entry}: {self.reason}"


def create(connection: psycopg.Connection[tuple[Any, ...]], dump: Dump) -> tuple[Refused, ...]:
    """Create every object; return those that PostgreSQL refuses.

    Args:
        connection: Connection to an empty database, in autocommit mode.
        dump: The objects.

    Raises:
        psycopg.OperationalError: PostgreSQL does not answer.
    """
    connection.execute(dump.settings.encode())
    refused = []
    for entry in dump.entries:
        try:
            # Several statements without parameters are one transaction.
            connection.execute(entry.text.encode())
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            refused.append(Refused(entry, str(error).strip().splitlines()[0]))
    return tuple(refused)


def causes(refused: Sequence[Refused]) -> tuple[Refused, ...]:
    """Return the objects that do not merely belong to a relation that was refused itself.

    Objects with the same name and reason, such as the columns of a table, are one.
    """
    lost = [(x.entry.schema, x.entry.name) for x in refused if x.entry.kind in _RELATIONS]
    found = (
        x
        for x in refused
        if x.entry.kind in _RELATIONS
        or (x.entry.kind != _COMMENT and not any(_belongs(x, *relation) for relation in lost))
    )
    return tuple({str(x): x for x in found}.values())


def refusals(refused: Sequence[Refused]) -> tuple[str, ...]:
    """Return a line for each object; one for all tables with the same refused option."""
    found: dict[str, list[Refused]] = {}
    for each in refused:
        found.setdefault(each.reason if each.entry.kind == ALTERATION else str(each), []).append(
            each
        )
    return tuple(
        f"{first.entry} and {len(others)} more: {first.reason}" if others else str(first)
        for first, *others in found.values()
    )


def _belongs(refused: Refused, schema: str, relation: str) -> bool:
    """Return whether an object is named after a relation (`geom geom_pkey`), or lacks only that."""
    entry = refused.entry
    named = entry.schema == schema and entry.name.startswith(f"{relation} ")
    return named or refused.reason == f'relation "{schema}.{relation}" does not exist'


def schema_sql(dump: Dump, refused: Sequence[Refused], database: str) -> str:
    """Return the content of schema.sql.

    Args:
        dump: All objects.
        refused: Those that are left out.
        database: The database that they are from.
    """
    without = {x.entry for x in refused}
    by = f"`{COMMAND} init`"
    head = [f"-- The schema of the database {_line(database)}, as {by} took it with pg_dump."]
    head += [f"-- Applied to an empty database by `{COMMAND} up`."]
    named = causes(refused)
    if named:
        head += ["--", "-- Left out, because the embedded PostgreSQL refuses it:"]
        head += [f"--   {_line(each)}" for each in refusals(named)]
    kept = [entry.text for entry in dump.entries if entry not in without]
    return _DIVIDER.join(("\n".join(head), dump.settings, *kept)) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
