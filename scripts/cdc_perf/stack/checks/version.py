"""The version of the source database."""

from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline

# Row filters and column lists of publications begin with it, and so do the catalog's columns that
# the checks and the comparison read.
OLDEST = 15


def expect_version(connection: Connection[tuple[Any, ...]], _pipeline: Pipeline) -> None:
    """Return if PostgreSQL is new enough.

    Raises:
        StackFailure: It is too old.
    """
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise StackFailure(
            f"PostgreSQL is of version {version // 10_000}, which is not supported",
            hint=f"use PostgreSQL {OLDEST} or newer",
        )
