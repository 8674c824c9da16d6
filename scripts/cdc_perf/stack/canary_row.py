"""The SQL of the canary row, as the harness and k6's health check run it.

PostgreSQL generates the key, so that the statements are the same for every canary.
"""

from collections.abc import Mapping

import msgspec
from psycopg import sql

from cdc_perf.settings.pipeline import CANARY_TABLE, OWN_CANARY, Pipeline, Table

_VALUE = "value"
_INSERTED, _UPDATED = "inserted", "updated"
# The table of the canary, in the source and in a PostgreSQL sink.
CREATE = f"CREATE TABLE IF NOT EXISTS {CANARY_TABLE} (id uuid PRIMARY KEY, value text NOT NULL)"


class CanaryRow(msgspec.Struct, frozen=True, kw_only=True):
    """The statements that insert, update, and delete one row.

    Attributes:
        table: The table, as pipeline.toml names it.
        insert: Inserts the row; it returns `id`, the key in the sink, and `key`, an array of the
            texts of its key columns, which are the parameters of the other statements.
        fields: Values of the inserted row that arrive as the same text, by column; those of
            [canary] may not.
        update: Updates the row; empty: it is not updated.
        updated: Values of the updated row, as `fields`.
        delete: Deletes the row.
    """

    table: str
    insert: str
    fields: Mapping[str, str] = {}
    update: str = ""
    updated: Mapping[str, str] = {}
    delete: str


def canary_of(pipeline: Pipeline) -> CanaryRow:
    """Return the row that pipeline.toml declares, or that of the canary's own table."""
    if pipeline.canary is None:
        return own_canary()
    table = pipeline.canary_table
    values = {name: sql.Literal(value) for name, value in pipeline.canary.values.items()}
    return CanaryRow(
        table=table.table,
        insert=_insert(table, {table.key[0]: sql.SQL("gen_random_uuid()"), **values}),
        delete=_delete(table),
    )


def own_canary() -> CanaryRow:
    """Return the row of the canary's own table."""
    key = {"id": sql.SQL("gen_random_uuid()")}
    return CanaryRow(
        table=CANARY_TABLE,
        insert=_insert(OWN_CANARY, {**key, _VALUE: sql.Literal(_INSERTED)}),
        fields={_VALUE: _INSERTED},
        update=sql.SQL("UPDATE {} SET value = {} WHERE id = $1")
        .format(sql.Identifier(*OWN_CANARY.name), sql.Literal(_UPDATED))
        .as_string(),
        updated={_VALUE: _UPDATED},
        delete=_delete(OWN_CANARY),
    )


def _insert(table: Table, values: Mapping[str, sql.Composable]) -> str:
    query = sql.SQL(
        "INSERT INTO {} ({}) VALUES ({}) RETURNING {key}::text AS id, ARRAY[{key}::text] AS key"
    )
    return query.format(
        sql.Identifier(*table.name),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(values.values()),
        key=sql.Identifier(table.key[0]),
    ).as_string()


def _delete(table: Table) -> str:
    query = sql.SQL("DELETE FROM {} WHERE {} = $1")
    return query.format(sql.Identifier(*table.name), sql.Identifier(table.key[0])).as_string()
