"""A stack with a table of every type, and a table for each type that can be a key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pymongo.collection import Collection

from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.records import Integrity
from cdc_perf.integrity.snapshot import TableComparison, compare
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.sinks.choice import sink_of
from tests.integration.integrity_stack import Planted, planted
from tests.integration.types.catalog import SETUP, TYPES, Type

FOLLOWED = tuple(each for each in TYPES if each.key == "followed")
REFUSED = tuple(each for each in TYPES if each.key == "refused")


def schema() -> str:
    """Return the statements that make the tables.

    Large values are stored out of line as they are, and the old row is logged: the table for which
    that is not so is altered by the test.
    """
    columns = ", ".join(f"{each.column} {each.sql}" for each in TYPES)
    statements = [
        SETUP,
        f"CREATE TABLE kinds (id text PRIMARY KEY, touched integer NOT NULL DEFAULT 0, {columns});",
        "ALTER TABLE kinds REPLICA IDENTITY FULL;",
        *(
            f"ALTER TABLE kinds ALTER COLUMN {each.column} SET STORAGE EXTERNAL;"
            for each in TYPES
            if each.large
        ),
        *(
            f"CREATE TABLE {key_table(each)} (key {each.sql} PRIMARY KEY, number integer);"
            for each in FOLLOWED
        ),
    ]
    return "\n".join(statements)


def key_table(each: Type) -> str:
    return f"key_{each.column}"


def sections() -> str:
    """Return the tables' sections of pipeline.toml, and the header of [connector]."""
    keys = {"kinds": "id"} | {key_table(each): "key" for each in FOLLOWED}
    return (
        "\n".join(
            f'[[tables]]\ntable = "public.{name}"\nkey = ["{key}"]\ntarget = "{name}"\n'
            for name, key in keys.items()
        )
        + "\n[connector]\n"
    )


@dataclass(frozen=True)
class Typed:
    """The stack, and what the tests of types do with it."""

    pipe: Planted

    @property
    def documents(self) -> Collection[dict[str, Any]]:
        return self.pipe.client[self.pipe.endpoints.mongodb_database]["kinds"]

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.pipe.endpoints.postgres_dsn, autocommit=True)

    def insert(self, each: Type) -> list[str]:
        """Insert a row for each value of a type, null first; return their ids."""
        statement = sql.SQL("INSERT INTO kinds (id, {}) VALUES (%s, %s::text::{})").format(
            sql.Identifier(each.column),
            sql.SQL(each.sql),
        )
        large = sql.SQL("INSERT INTO kinds (id, {}) VALUES (%s, {})").format(
            sql.Identifier(each.column),
            sql.SQL(each.large),
        )
        ids = []
        with self.connect() as connection:
            for name, value in (("null", None), *each.named_values()):
                ids.append(f"{each.column}/{name}")
                connection.execute(statement, (ids[-1], value))
            if each.large:
                ids.append(f"{each.column}/large")
                connection.execute(large, (ids[-1],))
        return ids

    def check(self) -> Integrity:
        """Check the pipeline as `inv integrity` does, from the present ends of the topics."""
        integrity = self.pipe.checker.check(self.pipe.checker.begin())
        assert integrity.drained, integrity.drain
        return integrity

    def differences(self) -> tuple[RowDifference, ...]:
        """Compare once everything arrived that was written."""
        assert self.check().drained
        return self.compare()

    def compare(self) -> tuple[RowDifference, ...]:
        """Compare at once."""
        return self.comparison().differences

    def comparison(self) -> TableComparison:
        return compare(
            self.pipe.endpoints.postgres_dsn,
            sink_of(self.pipe.pipeline, self.pipe.endpoints),
            self.pipe.pipeline,
            ConnectorFilter.of(self.pipe.pipeline.connector.config),
        )


@contextmanager
def typed(folder: Path) -> Iterator[Typed]:
    """Start the stack."""
    with planted(folder, schema(), sections()) as pipe:
        yield Typed(pipe)
