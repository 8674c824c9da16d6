"""A table, as PostgreSQL's catalog describes it."""

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
        AND has_schema_privilege(n.oid, 'USAGE')
"""


@dataclass(frozen=True)
class UniqueIndex:
    """A unique index.

    Attributes:
        name: Its name.
        columns: Its key columns, in index order.
        primary: Whether it is the index of the primary key.
        identity: Whether it is marked as replica identity (REPLICA IDENTITY USING INDEX).
        immediate: Whether it is checked at once; a deferrable index cannot be a replica identity.
        plain: Whether it covers every row (no predicate) and only columns (no expressions).
    """

    name: str
    columns: tuple[str, ...]
    primary: bool
    identity: bool
    immediate: bool
    plain: bool


@dataclass(frozen=True)
class Relation:
    """A table, or another relation with its name.

    Attributes:
        kind: pg_class.relkind: `r` table, `p` partitioned table, `v` view.
        persistence: pg_class.relpersistence: `u` unlogged.
        identity: pg_class.relreplident: `d` default, `f` full, `i` index, `n` nothing.
        columns: Its columns, in table order.
        not_null: The columns that are NOT NULL.
        indexes: Its unique indexes, in order of their names.
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
        """The primary key, if there is one."""
        return next((x for x in self.indexes if x.primary), None)

    @property
    def identity_index(self) -> UniqueIndex | None:
        """The index of REPLICA IDENTITY USING INDEX; the mark of a former one does not count."""
        return next((x for x in self.indexes if x.identity and self.identity == "i"), None)


def find_relation(connection: Connection[tuple[Any, ...]], name: TableName) -> Relation | None:
    """Return the relation with that name, if there is one."""
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
    """Return the tables in the schemas that the role may use, except PostgreSQL's own."""
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
