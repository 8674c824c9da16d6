"""A table as PostgreSQL's catalog has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.settings.table_name import TableName

_RELATION = """
    SELECT c.oid, c.relkind::text, c.relpersistence::text, c.relreplident::text,
        ARRAY(
            SELECT a.attname::text FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        ),
        ARRAY(
            SELECT a.attname::text FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull ORDER BY a.attnum
        ),
        EXISTS (
            SELECT 1 FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid
            WHERE p.isleaf AND l.relreplident = 'n'
        )
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s
"""
_INDEXES = """
    SELECT c.relname::text, i.indisprimary, i.indisreplident, i.indimmediate,
        i.indpred IS NULL AND i.indexprs IS NULL,
        ARRAY(
            SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE k.place <= i.indnkeyatts ORDER BY k.place
        )
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid
    ORDER BY c.relname
"""
_NAMES = """
    SELECT n.nspname::text, c.relname::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


@dataclass(frozen=True)
class UniqueIndex:
    """A unique index.

    Attributes:
        name: Its name.
        columns: Its key columns, in its order.
        primary: Whether it is that of the primary key.
        identity: Whether it is the replica identity, by REPLICA IDENTITY USING INDEX.
        immediate: Whether a violation shows at once; a deferrable one cannot be a replica identity.
        plain: Whether it covers each row, and columns alone.
    """

    name: str
    columns: tuple[str, ...]
    primary: bool
    identity: bool
    immediate: bool
    plain: bool


@dataclass(frozen=True)
class Relation:
    """A table, or what else has its name.

    Attributes:
        kind: Of pg_class.relkind: `r` a table, `p` a partitioned one, `v` a view.
        persistence: Of pg_class.relpersistence: `u` unlogged.
        identity: Of pg_class.relreplident: `d` default, `f` full, `i` an index, `n` nothing.
        columns: Of the table, in its order.
        not_null: Those that hold no null.
        indexes: Its unique indexes by name.
        silent_partition: Whether a partition has the replica identity NOTHING.
    """

    kind: str
    persistence: str
    identity: str
    columns: tuple[str, ...]
    not_null: frozenset[str]
    indexes: tuple[UniqueIndex, ...]
    silent_partition: bool = False

    @property
    def primary_key(self) -> UniqueIndex | None:
        """The primary key, where there is one."""
        return next((x for x in self.indexes if x.primary), None)

    @property
    def identity_index(self) -> UniqueIndex | None:
        """The index of REPLICA IDENTITY USING INDEX; PostgreSQL keeps the mark of a past one."""
        return next((x for x in self.indexes if x.identity and self.identity == "i"), None)


def find_relation(connection: Connection[tuple[Any, ...]], name: TableName) -> Relation | None:
    """Return what has the name; None where nothing has."""
    found = connection.execute(_RELATION, tuple(name)).fetchone()
    if found is None:
        return None
    oid, kind, persistence, identity, columns, not_null, silent = found
    return Relation(
        kind=kind,
        persistence=persistence,
        identity=identity,
        columns=tuple(columns),
        not_null=frozenset(not_null),
        indexes=tuple(_indexes(connection, oid)),
        silent_partition=silent,
    )


def table_names(connection: Connection[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the tables of the database, PostgreSQL's own aside."""
    rows = connection.execute(_NAMES).fetchall()
    return tuple(str(TableName(schema, name)) for schema, name in rows)


def _indexes(connection: Connection[tuple[Any, ...]], oid: int) -> Iterator[UniqueIndex]:
    for name, primary, identity, immediate, plain, columns in connection.execute(_INDEXES, (oid,)):
        yield UniqueIndex(
            name=name,
            columns=tuple(columns),
            primary=primary,
            identity=identity,
            immediate=immediate,
            plain=plain,
        )
