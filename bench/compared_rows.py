"""One comparison of two PostgreSQL databases, in a process of its own: `bench.integrity_scope`.

Its argument is a JSON file of a `Task`, because an address may hold a password.
"""

import sys
from pathlib import Path

import msgspec

from cdc_perf.integrity.keys import RowOfTable, stored_keys
from cdc_perf.integrity.records import Scope
from cdc_perf.integrity.snapshot import compare
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.sinks.postgres import PostgresTarget
from cdc_perf.terminal import show_progress

TABLE = Table("public.customer", ("id",), "public.customer")


class Task(msgspec.Struct, frozen=True):
    """What to compare.

    Attributes:
        source: The address of the source.
        sink: The address of the sink.
        ids: The keys of the rows; None: all rows.
        rows: The number of rows to expect.
    """

    source: str
    sink: str
    ids: tuple[str, ...] | None
    rows: int


def pipeline() -> Pipeline:
    """Return the sample's pipeline with its table of customers alone."""
    return msgspec.structs.replace(load_pipeline(Checkout.here()), tables=(TABLE,))


def main(path: Path) -> None:
    """Compare, and fail unless exactly the expected rows are found without a difference."""
    task = msgspec.json.decode(path.read_bytes(), type=Task)
    show_progress()
    rows = (RowOfTable(TABLE.table, each) for each in task.ids or ())
    with stored_keys(rows, Scope.RUN) as keys:
        chosen = None if task.ids is None else keys
        sink = PostgresTarget(task.sink)
        found = compare(task.source, sink, pipeline(), ConnectorFilter(), chosen)
    (compared,) = found.tables
    if found.differences or (compared.rows, compared.documents) != (task.rows, task.rows):
        raise SystemExit(f"{compared}, {len(found.differences)} differences")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
