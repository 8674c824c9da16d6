"""What tables, keys, and the database's settings must be before changes are captured."""

from collections.abc import Callable
from typing import Any

from psycopg import Connection

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.keys import expect_keys
from cdc_perf.stack.checks.printing import expect_printing
from cdc_perf.stack.checks.tables import expect_tables
from cdc_perf.stack.checks.toast import expect_whole_updates
from cdc_perf.stack.checks.version import expect_version

Check = Callable[[Connection[tuple[Any, ...]], Pipeline], None]
# In this order: each may rely on those before it.
ANY_SOURCE: tuple[Check, ...] = (expect_version, expect_tables, expect_keys, expect_printing)
# The schema of a stack that is started here can be changed.
OWN_SOURCE: tuple[Check, ...] = (*ANY_SOURCE, expect_whole_updates)


def expect_capturable(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, checks: tuple[Check, ...]
) -> None:
    """Return if the pipeline's tables can be captured.

    Raises:
        StackFailure: The first fault.
    """
    for check in checks:
        check(connection, pipeline)
