"""The tables of a database as its catalog describes them, as far as a load needs to know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.checks.relation import Relation, find_relation, table_names
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn, columns_of_tables

_TABLES = """
    SELECT wanted.name, c.relispartition, c.reltuples::float8,
        ARRAY(
            SELECT verb FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) verb
            WHERE has_table_privilege(c.oid, verb)
                OR verb <> 'DELETE' AND has_any_column_privilege(c.oid, verb)
        ),
        coalesce(pg_get_partkeydef(c.oid), ''),
        ARRAY(
            SELECT pg_get_expr(part.relpartbound, part.oid)
            FROM pg_inherits i JOIN pg_class part ON part.oid = i.inhrelid
            WHERE i.inhparent = c.oid AND c.relkind = 'p' ORDER BY part.relname
        ),
        c.relkind <> 'p' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)
    FROM unnest(%(tables)s::text[]) AS wanted(name)
    JOIN pg_class c ON c.oid = wanted.name::regclass
"""
# A domain's own constraints and those of the domains below it.
_COLUMNS = """
    WITH RECURSIVE chain AS (
        SELECT wanted.name AS relation, a.attrelid, a.attnum, a.atttypid AS type
        FROM unnest(%(tables)s::text[]) AS wanted(name)
        JOIN pg_attribute a ON a.attrelid = wanted.name::regclass
        WHERE a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT c.relation, c.attrelid, c.attnum, t.typbasetype
        FROM chain c JOIN pg_type t ON t.oid = c.type WHERE t.typtype = 'd'
    )
    SELECT c.relation, a.attname,
        a.attnotnull OR bool_or(t.typnotnull),
        coalesce(pg_get_expr(d.adbin, d.adrelid), max(t.typdefault), ''),
        a.attidentity::text,
        coalesce(max(labels.labels), ARRAY[]::text[]),
        coalesce(array_agg(con.conname::text ORDER BY con.conname)
            FILTER (WHERE con.oid IS NOT NULL), ARRAY[]::text[]),
        coalesce(array_agg(pg_get_constraintdef(con.oid) ORDER BY con.conname)
            FILTER (WHERE con.oid IS NOT NULL), ARRAY[]::text[])
    FROM chain c
    JOIN pg_attribute a ON a.attrelid = c.attrelid AND a.attnum = c.attnum
    JOIN pg_type t ON t.oid = c.type
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        AND a.attgenerated = ''
    LEFT JOIN pg_constraint con ON con.contypid = t.oid AND con.contype = 'c'
    LEFT JOIN LATERAL (
        SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
        FROM pg_enum e
        WHERE e.enumtypid = t.oid OR (t.typlen = -1 AND e.enumtypid = t.typelem)
    ) labels ON true
    GROUP BY c.relation, a.attrelid, a.attnum, a.attname, a.attnotnull, a.attidentity, d.adbin,
        d.adrelid
"""
_CHECKS = """
    SELECT wanted.name, con.conname::text, pg_get_constraintdef(con.oid),
        ARRAY(
            SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY k(number, place)
            JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.number
            ORDER BY k.place
        )
    FROM unnest(%(tables)s::text[]) AS wanted(name)
    JOIN pg_constraint con ON con.conrelid = wanted.name::regclass AND con.contype IN ('c', 'x')
    ORDER BY wanted.name, con.conname
"""
# Without the copies that PostgreSQL keeps for the partitions of the other table.
_FOREIGN_KEYS = """
    SELECT wanted.name, con.conname::text,
        ARRAY(
            SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY k(number, place)
            JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.number
            ORDER BY k.place
        ),
        n.nspname::text, c.relname::text,
        ARRAY(
            SELECT a.attname::text FROM unnest(con.confkey) WITH ORDINALITY k(number, place)
            JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.number
            ORDER BY k.place
        ),
        con.confdeltype::text
    FROM unnest(%(tables)s::text[]) AS wanted(name)
    JOIN pg_constraint con ON con.conrelid = wanted.name::regclass AND con.contype = 'f'
    JOIN pg_class c ON c.oid = con.confrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE con.conparentid = 0 OR (
        SELECT parent.conrelid <> con.conrelid FROM pg_constraint parent
        WHERE parent.oid = con.conparentid)
    ORDER BY wanted.name, con.conname
"""
_PUBLICATIONS = """
    SELECT p.pubname::text, p.pubinsert, p.pubupdate, p.pubdelete, p.pubviaroot
    FROM pg_publication p ORDER BY 1
"""
_PUBLISHED = """
    SELECT pubname::text, schemaname::text, tablename::text, attnames::text[]
    FROM pg_publication_tables ORDER BY 1, 2, 3
"""
_SLOTS = """
    SELECT slot_name::text, plugin::text, active
    FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()
    ORDER BY 1
"""
_CASCADE = "c"


@dataclass(frozen=True)
class Constraint:
    """A CHECK or an exclusion constraint.

    Attributes:
        name: Its name.
        definition: Its text as PostgreSQL prints it: `CHECK ((qty > 0))`, `EXCLUDE USING ...`.
        columns: The columns that it names; empty for a domain's, which names VALUE.
    """

    name: str
    definition: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key.

    Attributes:
        name: Its name.
        columns: Its columns.
        table: The table that it refers to.
        to: The columns there, in the order of `columns`.
        on_delete: `pg_constraint.confdeltype`: `a` no action, `r` restrict, `c` cascade, `n` set
            null, `d` set default.
    """

    name: str
    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    on_delete: str = "a"

    @property
    def cascades(self) -> bool:
        """Whether the deletion of a row deletes those that refer to it."""
        return self.on_delete == _CASCADE


@dataclass(frozen=True)
class CatalogColumn:
    """A column.

    Attributes:
        column: Its type.
        not_null: Whether it, or its domain, accepts no null.
        default: The expression of its default; empty if there is none. The default of a generated
            column is not one.
        identity: `pg_attribute.attidentity`: `a` GENERATED ALWAYS, `d` BY DEFAULT AS IDENTITY;
            empty otherwise.
        labels: The labels of its enum, or of the enum of its array's elements.
        domain_checks: The CHECK constraints of its domain, and of the domains below that one.
    """

    column: TableColumn
    not_null: bool = False
    default: str = ""
    identity: str = ""
    labels: tuple[str, ...] = ()
    domain_checks: tuple[Constraint, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.column.name

    @property
    def is_generated(self) -> bool:
        """Whether PostgreSQL computes it from other columns."""
        return self.column.generated is not GeneratedColumn.NO

    @property
    def is_numbered(self) -> bool:
        """Whether its default is the next number of a sequence: identity or serial."""
        return bool(self.identity) or self.default.startswith("nextval(")


@dataclass(frozen=True)
class CatalogTable:
    """A table.

    Attributes:
        name: Its name.
        relation: Its kind, replica identity, and unique indexes.
        columns: Its columns, in table order.
        checks: Its CHECK and exclusion constraints.
        foreign_keys: Its foreign keys.
        is_partition: Whether it is a partition of another table.
        rows: The estimated number of rows; -1 if it was never analyzed.
        privileges: What the role may do: SELECT, INSERT, UPDATE, DELETE.
        partition_key: The key of a partitioned table, `RANGE (day)`; empty otherwise.
        partitions: The bounds of its partitions, `FOR VALUES IN (1)` or `DEFAULT`.
        is_inherited: Whether other tables inherit from it: a query of it returns their rows too.
    """

    name: TableName
    relation: Relation
    columns: tuple[CatalogColumn, ...]
    checks: tuple[Constraint, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_partition: bool = False
    rows: float = -1.0
    privileges: frozenset[str] = frozenset(("SELECT", "INSERT", "UPDATE", "DELETE"))
    partition_key: str = ""
    partitions: tuple[str, ...] = ()
    is_inherited: bool = False

    def __str__(self) -> str:
        """Return its name in SQL."""
        return str(self.name)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of its primary key, in the key's order; empty if there is none."""
        index = self.relation.primary_key
        return index.columns if index is not None else ()

    @property
    def unique_columns(self) -> frozenset[str]:
        """The columns that are unique on their own."""
        single = (x.columns for x in self.relation.indexes if len(x.columns) == 1 and x.plain)
        return frozenset(columns[0] for columns in single)

    def column(self, name: str) -> CatalogColumn | None:
        """Return the column with a name, if there is one."""
        return next((each for each in self.columns if each.name == name), None)


@dataclass(frozen=True)
class Publication:
    """A publication.

    Attributes:
        name: Its name.
        operations: What it publishes: insert, update, delete.
        via_root: Whether changes of partitions are published as those of their table.
        tables: The tables that it publishes, with the columns that events may have.
    """

    name: str
    operations: frozenset[str]
    via_root: bool
    tables: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class LogicalSlot:
    """A logical replication slot of the database, and whether a client reads from it."""

    name: str
    plugin: str
    active: bool


@dataclass(frozen=True)
class Catalog:
    """The tables of a database by their names in SQL, and what it publishes."""

    tables: Mapping[str, CatalogTable]
    publications: tuple[Publication, ...] = ()
    slots: tuple[LogicalSlot, ...] = ()


def read_catalog(
    connection: Connection[tuple[Any, ...]], names: Iterable[str] | None = None
) -> Catalog:
    """Read the catalog.

    Args:
        connection: Connection to the source database.
        names: The tables to read, as SQL writes them; those that do not exist are left out. None:
            all tables except PostgreSQL's own.

    Raises:
        psycopg.Error: PostgreSQL does not answer.
    """
    with connection.transaction():
        # So that PostgreSQL prints every name that is not its own with its schema.
        connection.execute("SET LOCAL search_path TO pg_catalog")
        wanted = dict.fromkeys(table_names(connection) if names is None else names)
        found = {name: find_relation(connection, TableName.parse(name)) for name in wanted}
        relations = {name: relation for name, relation in found.items() if relation is not None}
        tables = _tables(connection, relations) if relations else {}
        return Catalog(tables, tuple(_publications(connection)), tuple(_slots(connection)))


def _tables(
    connection: Connection[tuple[Any, ...]], relations: Mapping[str, Relation]
) -> dict[str, CatalogTable]:
    wanted = {"tables": list(relations)}
    columns = _columns(connection, list(relations))
    checks: dict[str, list[Constraint]] = {name: [] for name in relations}
    for name, constraint, definition, named in connection.execute(_CHECKS, wanted):
        checks[name].append(Constraint(constraint, definition, tuple(named)))
    keys: dict[str, list[ForeignKey]] = {name: [] for name in relations}
    for name, constraint, own, schema, table, to, on_delete in connection.execute(
        _FOREIGN_KEYS, wanted
    ):
        other = str(TableName(schema, table))
        keys[name].append(ForeignKey(constraint, tuple(own), other, tuple(to), on_delete))
    tables = {}
    for name, is_partition, rows, privileges, key, bounds, is_inherited in connection.execute(
        _TABLES, wanted
    ):
        tables[name] = CatalogTable(
            name=TableName.parse(name),
            relation=relations[name],
            columns=columns[name],
            checks=tuple(checks[name]),
            foreign_keys=tuple(keys[name]),
            is_partition=is_partition,
            rows=rows,
            privileges=frozenset(privileges),
            partition_key=key,
            partitions=tuple(bounds),
            is_inherited=is_inherited,
        )
    return tables


def _columns(
    connection: Connection[tuple[Any, ...]], names: list[str]
) -> Mapping[str, tuple[CatalogColumn, ...]]:
    more = {}
    for (
        table,
        column,
        not_null,
        default,
        identity,
        labels,
        constraints,
        texts,
    ) in connection.execute(_COLUMNS, {"tables": names}):
        checks = tuple(map(Constraint, constraints, texts))
        more[table, column] = (not_null, default, identity, tuple(labels), checks)
    return {
        table: tuple(CatalogColumn(column, *more[table, column.name]) for column in columns)
        for table, columns in columns_of_tables(connection, names).items()
    }


def _publications(connection: Connection[tuple[Any, ...]]) -> Iterable[Publication]:
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, schema, table, columns in connection.execute(_PUBLISHED):
        tables.setdefault(name, {})[str(TableName(schema, table))] = tuple(columns)
    for name, *flags, via_root in connection.execute(_PUBLICATIONS):
        verbs = zip(("insert", "update", "delete"), flags, strict=True)
        yield Publication(
            name=name,
            operations=frozenset(verb for verb, carried in verbs if carried),
            via_root=via_root,
            tables=tables.get(name, {}),
        )


def _slots(connection: Connection[tuple[Any, ...]]) -> Iterable[LogicalSlot]:
    for name, plugin, active in connection.execute(_SLOTS):
        yield LogicalSlot(name, plugin, active)
