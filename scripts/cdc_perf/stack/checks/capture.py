"""The requirements on tables, keys, and database settings for change capture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.checked_table import CheckedTable, checked_tables
from cdc_perf.stack.checks.collecting import raise_all
from cdc_perf.stack.checks.declared_columns import expect_declared, expect_fields
from cdc_perf.stack.checks.publication import expect_operations, expect_published, publications
from cdc_perf.stack.checks.results import Checks, expect_passed
from cdc_perf.stack.checks.tables import (
    expect_identity,
    expect_key,
    expect_there,
    identity_of,
    key_of,
    kind_of,
)
from cdc_perf.stack.checks.toast import expect_whole_updates
from cdc_perf.stack.row_id import identity

# The first version with row filters and column lists of publications, and with the catalog columns
# that the checks and the comparison read.
OLDEST = 15


@dataclass(frozen=True)
class _Rule:
    """The required value of a setting for columns of some types.

    Attributes:
        types: The types, which may also be element types of arrays.
        is_fine: Returns whether a value of the setting is valid.
        otherwise: What happens if it is invalid.
    """

    types: frozenset[str]
    is_fine: Callable[[str], bool]
    otherwise: str


_RULES: Mapping[str, _Rule] = {
    "bytea_output": _Rule(
        frozenset(("bytea",)),
        lambda value: value == "hex",
        "Debezium parses each value as hexadecimal: its task fails, or wrong bytes arrive",
    ),
    "IntervalStyle": _Rule(
        frozenset(("interval",)),
        lambda value: value == "postgres",
        "Debezium reads wrong intervals",
    ),
    "extra_float_digits": _Rule(
        frozenset(("float4", "float8")),
        lambda value: int(value) > 0,
        "the last digits of floating-point numbers are lost",
    ),
}


def expect_printing(checked: CheckedTable) -> None:
    """Return if PostgreSQL prints a table's values in a form that Debezium reads correctly.

    It checks the defaults of the connection's own role in the pipeline's database.

    Raises:
        StackFailure: The table has columns whose values would arrive wrong.
    """
    failures = []
    for setting, rule in _RULES.items():
        columns = [x for x in checked.columns if (x.element or x.type) in rule.types]
        if not columns:
            continue
        row = checked.connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        if row is not None and not rule.is_fine(row[0]):
            failure = StackFailure(
                f"{checked.table.table}: the database sets {setting} = {row[0]}, and "
                f"{columns[0].name} has the type {columns[0].declared}: {rule.otherwise}",
                hint=f"ALTER DATABASE ... RESET {setting}, or ALTER ROLE ... RESET {setting}",
            )
            failures.append(failure)
    raise_all(failures)


def expect_version(connection: Connection[tuple[Any, ...]]) -> None:
    """Return if PostgreSQL is new enough.

    Raises:
        StackFailure: It is too old.
    """
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise StackFailure(
            f"PostgreSQL {version // 10_000} is not supported",
            hint=f"use PostgreSQL {OLDEST} or newer",
        )


def expect_key_types(checked: CheckedTable) -> None:
    """Return if the `_id` of the table's rows can be derived from its key.

    Raises:
        StackFailure: A key column has an unsupported type.
    """
    identity(checked.table, {column.name: column for column in checked.columns})


def expect_rights(checked: CheckedTable) -> None:
    """Return if the data-loss check may read the table.

    Raises:
        StackFailure: It may not.
    """
    name, user = checked.table.name, checked.connection.info.user
    usage = "SELECT has_schema_privilege(%s, 'USAGE')"
    if checked.connection.execute(usage, (name.schema,)).fetchone() == (False,):
        raise StackFailure(
            f"PostgreSQL does not let {user} use the schema {name.schema}",
            hint=f'GRANT USAGE ON SCHEMA "{name.schema}" TO "{user}"',
        )
    select = "SELECT has_any_column_privilege(%s::regclass, 'SELECT')"
    if checked.connection.execute(select, (checked.table.table,)).fetchone() == (False,):
        raise StackFailure(
            f"PostgreSQL does not let {user} read {checked.table.table}",
            hint=f'GRANT SELECT ON {checked.table.table} TO "{user}"',
        )


@dataclass(frozen=True)
class TableCheck:
    """A check of each table.

    Attributes:
        name: What it checks.
        body: The check.
        needs: The checks that it relies on.
        compare: Returns what is requested of a table, and what exists; None if that adds nothing.
    """

    name: str
    body: Callable[[CheckedTable], None]
    needs: tuple[str, ...] = ()
    compare: Callable[[CheckedTable], tuple[str, str]] | None = None


_VERSION = "PostgreSQL version"
_PUBLICATION = "publication"
TABLES, RIGHTS, KEY, PUBLISHED = "tables", "rights", "key", "published tables"
# In this order: a check may rely on the earlier ones.
ANY_SOURCE: tuple[TableCheck, ...] = (
    TableCheck(TABLES, expect_there, (_VERSION,), kind_of),
    TableCheck(RIGHTS, expect_rights, (TABLES,)),
    TableCheck(KEY, expect_key, (TABLES,), key_of),
    TableCheck("replica identity", expect_identity, (TABLES,), identity_of),
    TableCheck("key types", expect_key_types, (RIGHTS, KEY)),
    TableCheck("database settings", expect_printing, (RIGHTS,)),
    TableCheck("declared columns", expect_declared, (RIGHTS,)),
    TableCheck("fields", expect_fields, (RIGHTS,)),
)
# Users can change the schema of a stack that the harness starts.
OWN_SOURCE: tuple[TableCheck, ...] = (
    *ANY_SOURCE,
    TableCheck("TOASTed values", expect_whole_updates, (RIGHTS,)),
)
_PUBLISHED_TABLES = TableCheck(PUBLISHED, expect_published, (TABLES, _PUBLICATION))


def check_source(
    checks: Checks,
    connection: Connection[tuple[Any, ...]],
    pipeline: Pipeline,
    of_tables: tuple[TableCheck, ...],
    *,
    published: bool = True,
) -> None:
    """Check PostgreSQL's version, the tables, and the publication.

    Args:
        checks: Gets the results.
        connection: Connection to the source database.
        pipeline: The pipeline.
        of_tables: The checks of each table.
        published: Whether the publication must exist already.
    """
    tables = checked_tables(connection, pipeline)
    checks.run(
        _VERSION,
        lambda: expect_version(connection),
        requested=f"{OLDEST} or newer",
        exists=lambda: str(connection.info.parameter_status("server_version")),
    )
    if published:
        checks.run(
            _PUBLICATION,
            lambda: expect_operations(connection, pipeline),
            needs=(_VERSION,),
            requested=pipeline.postgres.publication,
            exists=lambda: publications(connection),
        )
    for each in (*of_tables, *((_PUBLISHED_TABLES,) if published else ())):
        checks.run_on_tables(each.name, each.body, tables, needs=each.needs, compare=each.compare)


def expect_capturable(
    connection: Connection[tuple[Any, ...]],
    pipeline: Pipeline,
    of_tables: tuple[TableCheck, ...] = ANY_SOURCE,
    *,
    published: bool = True,
) -> None:
    """Return if the pipeline's tables can be captured.

    Raises:
        StackFailure: A check failed; all failures together.
    """
    checks = Checks()
    check_source(checks, connection, pipeline, of_tables, published=published)
    expect_passed(checks.results)
