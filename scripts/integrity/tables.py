"""How a table is read so that its rows meet their documents."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from scripts.errors import StackFailure
from scripts.integrity.columns import Column, column, id_text
from scripts.settings.pipeline import Pipeline, Table

# In the order of the table. Only what the publication carries reaches MongoDB.
_PUBLISHED = """
    SELECT a.attname, t.typname, a.atttypmod, t.typtype = 'e'
    FROM pg_publication_tables p
    JOIN pg_attribute a
        ON a.attrelid = format('%%I.%%I', p.schemaname, p.tablename)::regclass
        AND a.attname = ANY (p.attnames)
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE p.pubname = %s AND p.schemaname = %s AND p.tablename = %s
    ORDER BY a.attnum
"""


@dataclass(frozen=True)
class TableReading:
    """What is read of a table.

    Attributes:
        table: Table, key and collection.
        columns: What is compared.
        fields: The names of all published columns.
        not_compared: Columns of unknown types: `name type`.
        id: The row's `_id`, as SQL, in the order in which MongoDB sorts it.
    """

    table: Table
    columns: tuple[Column, ...]
    fields: frozenset[str]
    not_compared: tuple[str, ...]
    id: sql.Composable

    def all_rows(self) -> sql.Composed:
        """Return the query of `_id`, `xmin` and the columns' texts, in the order of `_id`."""
        texts = [
            (sql.SQL("to_json({})::text") if each.as_json else sql.SQL("{}::text")).format(
                sql.Identifier(each.name)
            )
            for each in self.columns
        ]
        return sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
            sql.SQL(", ").join([self.id, sql.SQL("xmin::text"), *texts]), self._name
        )

    def one_row(self) -> sql.Composed:
        """Return the query that finds a row by its `_id`."""
        return sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(self._name, self.id)

    @property
    def _name(self) -> sql.Identifier:
        return sql.Identifier(*self.table.name)


class RowLookup:
    """Looks for single rows by their `_id`."""

    def __init__(self, connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
        self._connection = connection
        self._queries = {
            table.table: reading(connection, pipeline, table).one_row() for table in pipeline.tables
        }

    def has(self, table: str, identity: str) -> bool:
        """Return whether a table of the pipeline has the row."""
        query = self._queries.get(table)
        if query is None:
            return False
        return self._connection.execute(query, (identity,)).fetchone() is not None


def reading(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, table: Table
) -> TableReading:
    """Ask PostgreSQL for the columns of a table.

    Raises:
        StackFailure: The table is not published, or its key cannot be followed.
    """
    publication = pipeline.postgres.publication
    published = connection.execute(_PUBLISHED, (publication, *table.name)).fetchall()
    if not published:
        raise StackFailure(
            f"publication {publication} does not publish {table.table}",
            hint="ALTER PUBLICATION ... ADD TABLE, or take it from the tables of pipeline.toml",
        )
    columns, unknown = [], []
    for name, kind, modifier, is_enum in published:
        found = column(name, kind, modifier, is_enum=is_enum)
        if found is None:
            unknown.append(f"{name} {kind}")
        else:
            columns.append(found)
    return TableReading(
        table=table,
        columns=tuple(columns),
        fields=frozenset(name for name, *_ in published),
        not_compared=tuple(unknown),
        id=_identity(table, {name: id_text(kind, is_enum=e) for name, kind, _, e in published}),
    )


def _identity(table: Table, kinds: dict[str, bool | None]) -> sql.Composable:
    """Return the `_id` as SQL: the key's text, or the JSON array of a composite key's values."""
    parts: list[sql.Composable] = []
    for name in table.key:
        is_text = kinds.get(name)
        if is_text is None:
            raise StackFailure(
                f"{table.table}: the key column {name} is not published, or of a type that cannot "
                "be followed to MongoDB",
                hint="keys of text, uuid, whole numbers and booleans can; see pipeline.toml",
            )
        text = sql.SQL("{}::text").format(sql.Identifier(name))
        parts.append(sql.SQL("to_json({})::text").format(text) if is_text else text)
    if len(parts) == 1:
        text = sql.SQL("{}::text").format(sql.Identifier(table.key[0]))
    else:
        text = sql.SQL("'[' || {} || ']'").format(sql.SQL(" || ',' || ").join(parts))
    return sql.SQL('({}) COLLATE "C"').format(text)
