"""What a run's data-loss check costs beside many rows of others, and what a check of all costs."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.compared_rows import Task, pipeline
from bench.figures import Figure, ratio
from bench.measure import Cost, cost, module
from bench.workplace import Workplace
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import source
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.postgres import superuser
from cdc_perf.tools.cache import Cache

_SIZES = (500_000, 5_000_000)
_KEYS = 2_000
_SCOPED_ROUNDS = 5
_FULL_ROUNDS = 1
_MIB = 1024**2
_SOURCE, _SINK = "bench_source", "bench_sink"
_TABLE = """
    CREATE TABLE customer (
        id uuid PRIMARY KEY, email text NOT NULL, status text NOT NULL DEFAULT 'active',
        updated_at timestamptz NOT NULL)
"""
# The same rows in both databases, in no order of the key.
_FILL = """
    INSERT INTO customer
    SELECT md5(n::text)::uuid, n || '@example.test', 'active', timestamptz '2026-11-24 20:08:40Z'
    FROM generate_series(%s::int, %s::int) AS n
"""
_IDS = "SELECT md5(n::text)::uuid::text FROM generate_series(1, %s::int, %s::int) AS n"


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return time and memory of both kinds of check for each size of the table.

    The rows are in databases of their own, which nothing captures: only the comparison of source
    and sink depends on their number.
    """
    place.inv("up")
    settings = load_pipeline(place.checkout)
    stack = local_stack(place.checkout, settings, Cache.of_environment())
    endpoints = stack.endpoints()
    if endpoints is None:
        raise RuntimeError("the stack is not up")
    # The pipeline's role may not create databases.
    layout, user = Layout(place.checkout.stack), settings.postgres.user
    address = conninfo_to_dict(endpoints.postgres_dsn)
    admin = make_conninfo(
        host=address["host"],
        port=address["port"],
        user=superuser(settings.postgres),
        passfile=str(layout.admin_password),
        dbname="postgres",
    )
    dsns = [make_conninfo(endpoints.postgres_dsn, dbname=name) for name in (_SOURCE, _SINK)]
    for dsn, name in zip(dsns, (_SOURCE, _SINK), strict=True):
        source.create_database(admin, name, owner=user)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(_TABLE)
            publication = sql.Identifier(pipeline().postgres.publication)
            connection.execute(
                sql.SQL("CREATE PUBLICATION {} FOR TABLE customer").format(publication)
            )
    figures: list[Figure] = []
    scoped: list[Figure] = []
    filled = 0
    with TemporaryDirectory(prefix="cdc-perf-bench-") as name:
        folder = Path(name)
        for size in _SIZES:
            ids = _fill(dsns, filled + 1, size)
            filled = size
            of_run = Task(dsns[0], dsns[1], ids, len(ids))
            everything = Task(dsns[0], dsns[1], None, size)
            costs = [_cost(of_run, folder) for _ in range(_SCOPED_ROUNDS)]
            found = _figures(f"{len(ids):,} of {size:,} rows, by key", costs)
            scoped.append(found[0])
            figures += found
            costs = [_cost(everything, folder) for _ in range(_FULL_ROUNDS)]
            figures += _figures(f"all {size:,} rows", costs)
    place.inv("down")
    return (*figures, ratio("by key, the large table to the small one", scoped[1], scoped[0]))


def _fill(dsns: Sequence[str], first: int, size: int) -> tuple[str, ...]:
    """Add rows to both tables up to a size; return keys that are spread over all rows."""
    ids: list[str] = []
    for dsn in dsns:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(_FILL, (first, size))
            connection.execute("VACUUM ANALYZE customer")
            ids = [row[0] for row in connection.execute(_IDS, (size, size // _KEYS))]
    return tuple(ids)


def _cost(task: Task, folder: Path) -> Cost:
    path = folder / "task.json"
    path.write_bytes(msgspec.json.encode(task))
    return cost(module("bench.compared_rows", str(path)), folder / "output")


def _figures(what: str, costs: Sequence[Cost]) -> tuple[Figure, Figure]:
    note = "PostgreSQL to PostgreSQL, a process of its own"
    return (
        Figure(f"comparison of {what}", "s", tuple(each.seconds for each in costs), note),
        Figure(
            f"its memory, {what}",
            "MiB",
            tuple(each.peak_bytes / _MIB for each in costs),
            "peak resident memory of the process",
        ),
    )
