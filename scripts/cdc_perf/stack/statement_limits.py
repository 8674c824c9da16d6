"""How long a statement of the harness may run in someone's PostgreSQL.

A lock of others, or a plan that reads a whole table, must not keep a statement there forever, also
after the harness was killed. A role or a database may have a stricter limit: it stays.
"""

from typing import Any

from psycopg import Connection

# Reads of system catalogs, positions, and single rows.
PROBE_SECONDS = 60
# A batch of rows that are read by their keys. Without an index on the key, it reads the table.
BATCH_SECONDS = 300
# The first rows of a whole table, which come after its sort.
TABLE_SECONDS = 3600
# `reset_val` is what the connection began with: the limit of the role, the database, or the server.
_LIMIT = """
    SELECT set_config(name, CASE WHEN reset_val::bigint BETWEEN 1 AND %(most)s
        THEN reset_val ELSE %(most)s::text END, %(local)s)
    FROM pg_settings WHERE name = 'statement_timeout'
"""


def limit_statements(connection: Connection[Any], seconds: float, *, local: bool = False) -> None:
    """Limit the time of each statement of a connection; one that is longer raises QueryCanceled.

    Args:
        connection: The connection.
        seconds: The limit.
        local: Whether it is for the current transaction only.
    """
    connection.execute(_LIMIT, {"most": round(seconds * 1000), "local": local})


def lift_limit(connection: Connection[Any]) -> None:
    """Return to the limit that the connection began with, for a script of the user."""
    connection.execute("RESET statement_timeout")
