"""The canary of an external pipeline, whose owners may not have made its table.

Without that table, one row of a captured table takes its place: PostgreSQL's catalog says which
columns it needs. A CHECK, a trigger, or a unique constraint may reject such a row; then [canary]
declares one.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import Connection, sql

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.settings.pipeline import CANARY_TABLE, Pipeline, PostgresSink, Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack import source
from cdc_perf.stack.canary_row import CREATE, CanaryRow
from cdc_perf.stack.checks.connectors import captured
from cdc_perf.stack.checks.publication import is_published
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.table_columns import table_columns
from cdc_perf.waiting import NotReady

_PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE"
_USABLE = f"SELECT has_table_privilege(to_regclass(%s), '{_PRIVILEGES.replace(', ', ',')}')"
# The columns that an insert has to give: NOT NULL without a default, and all of a key.
_REQUIRED = """
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), t.typtype::text,
        t.typcategory::text, t.typname::text,
        (
            SELECT format('(SELECT %%I FROM %%s LIMIT 1)', k.attname, c.confrelid::regclass)
            FROM pg_constraint c
            JOIN pg_attribute k ON k.attrelid = c.confrelid AND k.attnum = c.confkey[1]
            WHERE c.conrelid = a.attrelid AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum]
            LIMIT 1
        )
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
    ORDER BY a.attnum
"""
# What may reject a generated row.
_OBSTACLES = """
    SELECT (SELECT count(*) FROM pg_constraint c
            WHERE c.conrelid = t.oid AND c.contype IN ('c', 'f', 'x'))
        + (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal)
    FROM (SELECT %s::regclass AS oid) t
"""
# A value of a type, by its category in pg_type or its name; {} is the type.
_VALUES: Mapping[str, LiteralString] = {
    "S": "('cdc-perf-' || gen_random_uuid())::{}",
    "N": "1::{}",
    "B": "false",
    "D": "now()::{}",
    "T": "'0'::{}",
    "I": "'127.0.0.1'::{}",
    "A": "'{{}}'::{}",
    "E": "(enum_range(NULL::{}))[1]",
    "uuid": "gen_random_uuid()",
    "json": "'{{}}'::{}",
    "jsonb": "'{{}}'::{}",
    "bytea": "''::{}",
}
# A number that no sequence returns by itself.
_NUMBER_IN_KEY: LiteralString = "(-1 - floor(random() * 30000))::{}"
_SUBSTITUTE = "one row of {} takes its place"


@dataclass(frozen=True)
class ChosenCanary:
    """The canary of a pipeline.

    Attributes:
        endpoints: The addresses, with the row to use.
        warnings: What is missing for the canary's own table.
    """

    endpoints: Endpoints
    warnings: tuple[str, ...] = ()


def choose_canary(pipeline: Pipeline, endpoints: Endpoints) -> ChosenCanary:
    """Return the canary that an external pipeline can carry; only read.

    Raises:
        SettingFailure: Neither the canary's own table nor a row of another table can be used.
    """
    if pipeline.canary is not None:
        return ChosenCanary(endpoints)
    try:
        with source.connect(endpoints.postgres_dsn) as connection:
            missing = tuple(_missing(connection, pipeline, endpoints))
            if not missing:
                return ChosenCanary(endpoints)
            row = substitute(connection, pipeline)
    except NotReady:
        # Another check reports that PostgreSQL does not answer.
        return ChosenCanary(endpoints)
    todo = "; ".join(missing)
    place = _SUBSTITUTE.format(row.table)
    warning = f"warning: the pipeline does not carry {CANARY_TABLE}: {place}; remedy: {todo}"
    return ChosenCanary(msgspec.structs.replace(endpoints, canary=row), (warning,))


def with_canary(pipeline: Pipeline, endpoints: Endpoints) -> Endpoints:
    """Return the addresses with the canary row to use.

    If there is none, it is the row of the canary's own table: the check of the canary reports that,
    and a command that writes no row works without it.
    """
    try:
        return choose_canary(pipeline, endpoints).endpoints
    except SettingFailure:
        return endpoints


def substitute(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> CanaryRow:
    """Return a row of the table with the fewest constraints and columns to fill in.

    Raises:
        SettingFailure: No table has a row that can be generated.
    """
    found: list[tuple[int, int, CanaryRow]] = []
    for table in pipeline.tables:
        # The checks of the tables report one that is not there, or may not be read.
        with suppress(psycopg.ProgrammingError, StackFailure):
            values = _values(connection, table)
            if values is not None:
                obstacles = connection.execute(_OBSTACLES, (table.table,)).fetchone()
                row = _row(connection, table, values)
                found.append((obstacles[0] if obstacles else 0, len(values), row))
    if not found:
        raise SettingFailure(
            f"the pipeline does not carry {CANARY_TABLE}, and no table has a row that can be "
            "generated in its place",
            hint=f"{CREATE}, and capture it; or declare a row in [canary] of pipeline.toml",
        )
    return min(found, key=lambda each: each[:2])[2]


def _missing(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, endpoints: Endpoints
) -> Iterator[str]:
    """Yield what has to be done so that the pipeline carries the canary's own table."""
    name = TableName.parse(CANARY_TABLE)
    usable = connection.execute(_USABLE, (CANARY_TABLE,)).fetchone()
    if usable is None or usable[0] is None:
        yield CREATE.replace("IF NOT EXISTS ", "")
    elif not usable[0]:
        yield f'GRANT {_PRIVILEGES} ON {CANARY_TABLE} TO "{connection.info.user}"'
    if not is_published(connection, pipeline.postgres.publication, name):
        yield f'ALTER PUBLICATION "{pipeline.postgres.publication}" ADD TABLE {CANARY_TABLE}'
    config = _config(endpoints, pipeline.connector.name)
    if config and not captured(config, name):
        yield f"add {name.pattern()} to table.include.list of {pipeline.connector.name}"
    if isinstance(pipeline.sink, PostgresSink):
        with source.connect(endpoints.sink_dsn) as there:
            if there.execute("SELECT to_regclass(%s)", (CANARY_TABLE,)).fetchone() == (None,):
                yield f"in the sink, {CREATE.replace('IF NOT EXISTS ', '')}"
    if pipeline.sink_connector is not None:
        config = _config(endpoints, pipeline.sink_connector.name)
        topic = name.topic(pipeline.kafka.topic_prefix)
        # https://kafka.apache.org/documentation/#sinkconnectconfigs_topics: or topics.regex.
        if topic not in config.get("topics", topic).replace(" ", "").split(","):
            yield f"add {topic} to topics of {pipeline.sink_connector.name}"


def _config(endpoints: Endpoints, name: str) -> Mapping[str, str]:
    """Return a connector's configuration; empty if it is not known."""
    try:
        return ConnectApi.of(endpoints).config(name) or {} if endpoints.connect_url else {}
    except (StackFailure, Rebalancing, Unreachable):
        return {}


def _values(
    connection: Connection[tuple[Any, ...]], table: Table
) -> dict[str, sql.Composable] | None:
    """Return SQL for each column that an insert has to give; None if one is not known."""
    values: dict[str, sql.Composable] = {}
    for name, declared, kind, category, type_name, parent in connection.execute(
        _REQUIRED, {"table": table.table}
    ):
        form = _VALUES.get(category, _VALUES.get(type_name))
        if category == "N" and name in table.key:
            form = _NUMBER_IN_KEY
        if parent is not None:
            values[name] = _as_it_is(parent)
        elif kind == "d" or form is None:
            return None
        else:
            values[name] = sql.SQL(form).format(_as_it_is(declared))
    return values


def _row(
    connection: Connection[tuple[Any, ...]],
    table: Table,
    values: Mapping[str, sql.Composable],
) -> CanaryRow:
    columns = {column.name: column for column in table_columns(connection, table.table)}
    insert = sql.SQL("INSERT INTO {} {} RETURNING {} AS id, ARRAY[{}] AS key").format(
        sql.Identifier(*table.name),
        _given(values),
        identity(table, columns),
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(x)) for x in table.key),
    )
    conditions = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.SQL(f"${number}"))
        for number, name in enumerate(table.key, start=1)
    ]
    delete = sql.SQL("DELETE FROM {} WHERE {}").format(
        sql.Identifier(*table.name), sql.SQL(" AND ").join(conditions)
    )
    return CanaryRow(
        table=table.table,
        insert=insert.as_string(connection),
        delete=delete.as_string(connection),
    )


def _given(values: Mapping[str, sql.Composable]) -> sql.Composable:
    if not values:
        return sql.SQL("DEFAULT VALUES")
    return sql.SQL("({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(values.values()),
    )


def _as_it_is(text: str) -> sql.SQL:
    """Return SQL that PostgreSQL itself has written and quoted."""
    return sql.SQL(text)
