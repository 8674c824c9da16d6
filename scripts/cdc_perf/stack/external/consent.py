"""What a command writes to a pipeline that others operate, shown before the first write."""

from collections.abc import Sequence

from psycopg.conninfo import conninfo_to_dict

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints

_POSTGRES_PORT = "5432"


def writes(pipeline: Pipeline, endpoints: Endpoints, loads: Sequence[str] = ()) -> str:
    """Return what is written where, for the owner of the pipeline to confirm.

    Args:
        pipeline: Its tables.
        endpoints: The addresses, and the canary row.
        loads: What each scenario writes, one line each; none: only canary rows are written.
    """
    address = conninfo_to_dict(endpoints.postgres_dsn)
    at = f"{address.get('host')}:{address.get('port') or _POSTGRES_PORT}"
    lines = [
        "This writes to a pipeline that others operate:",
        f"  database  {address.get('dbname', '')} at {at}, as {address.get('user', '')}",
        f"  rows      canary rows in {endpoints.canary.table}, deleted again",
    ]
    if loads:
        tables = ", ".join(table.table for table in pipeline.tables)
        lines.append(f"  tables    {tables}; no DDL, and no rows of others")
        lines += [f"  load      {line}" for line in loads]
    return "\n".join(lines)
