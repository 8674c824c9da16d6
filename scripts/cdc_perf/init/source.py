"""The database that `inv init` inspects; only reads, in one read-only transaction."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc_perf.errors import StackFailure
from cdc_perf.settings.table_name import TableName
from cdc_perf.workload.catalog import Catalog, read_catalog

_CONNECT_SECONDS = 5
_STATEMENT_MILLISECONDS = "30000"
# Tables that an extension creates: its data, not the application's.
_OF_EXTENSIONS = """
    SELECT n.nspname::text, c.relname::text, e.extname::text
    FROM pg_depend d
    JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
        AND d.deptype = 'e'
"""
# A role without the right to use a schema cannot inspect its tables, and pg_dump fails on them.
_CLOSED = """
    SELECT n.nspname::text FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT has_schema_privilege(n.oid, 'USAGE')
    ORDER BY 1
"""

AskPassword = Callable[[str], str]


@dataclass(frozen=True)
class Source:
    """What a database contains.

    Attributes:
        database: Its name.
        version: The server's version: 180006 is 18.6.
        catalog: Its tables, publications, and logical slots.
        extension_tables: The extension that each of these tables belongs to, by the table's name.
        closed_schemas: The schemas that the role may not use.
    """

    database: str
    version: int
    catalog: Catalog
    extension_tables: Mapping[str, str]
    closed_schemas: tuple[str, ...] = ()


def with_password(dsn: str, ask: AskPassword | None) -> str:
    """Return the connection string, with a password from the terminal if the server needs one.

    Args:
        dsn: The connection string.
        ask: Asks on the terminal, without showing the answer; None if there is none.

    Raises:
        StackFailure: The server does not accept the connection.
    """
    try:
        psycopg.connect(dsn, connect_timeout=_CONNECT_SECONDS).close()
    except psycopg.OperationalError as error:
        needed = error.pgconn is not None and error.pgconn.needs_password
        if not needed or ask is None:
            raise _unreachable(error, needs_password=needed) from None
    else:
        return dsn
    address = conninfo_to_dict(dsn)
    who = f"{address.get('user') or 'the current user'} at {address.get('host')}"
    return make_conninfo(dsn, password=ask(f"password of {who}: "))


def read_source(dsn: str) -> Source:
    """Read the catalog.

    Raises:
        StackFailure: The server does not accept the connection, or refuses a query.
    """
    with _reading(dsn) as connection:
        rows = connection.execute(_OF_EXTENSIONS).fetchall()
        closed = connection.execute(_CLOSED).fetchall()
        return Source(
            database=connection.info.dbname,
            version=connection.info.server_version,
            catalog=read_catalog(connection),
            extension_tables={str(TableName(schema, name)): of for schema, name, of in rows},
            closed_schemas=tuple(name for (name,) in closed),
        )


def closed_schemas(source: Source) -> tuple[str, ...]:
    """Return a line for each schema that the role may not use."""
    return tuple(
        f"schema {name}: not inspected: the role may not use it: GRANT USAGE ON SCHEMA"
        for name in source.closed_schemas
    )


@contextmanager
def _reading(dsn: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    try:
        with psycopg.connect(dsn, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.read_only = True
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.execute(
                "SELECT set_config('statement_timeout', %s, true)", (_STATEMENT_MILLISECONDS,)
            )
            yield connection
            connection.rollback()
    except psycopg.OperationalError as error:
        raise _unreachable(error) from None
    except psycopg.Error as error:
        raise StackFailure(f"the catalog cannot be read: {_first_line(error)}") from None


def _unreachable(error: psycopg.Error, *, needs_password: bool = False) -> StackFailure:
    ways = "PGPASSWORD, PGPASSFILE, passfile=PATH in the address, or CDC_POSTGRES_DSN"
    return StackFailure(
        f"PostgreSQL: {_first_line(error)}",
        hint=f"give the password by {ways}" if needs_password else "",
    )


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0]
