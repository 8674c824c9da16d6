"""The rows of a run are deleted from a real PostgreSQL, and no others."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.cleanup import Removed, cleanup_lines, delete_written
from cdc_perf.integrity.keys import BATCH
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.pipeline_file import load_pipeline
from tests.integration.conftest import ROOT
from tests.integration.postgres_15 import PROGRAMS, postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.exists(), reason="PostgreSQL 15 is not installed"),
]
# In an order in which parents come before their children.
TABLES = (
    Table("public.parent", ("id",), "parent"),
    Table("public.child", ("parent", "number"), "child"),
    Table("public.tree", ("id",), "tree"),
    Table("public.loose", ("id",), "loose"),
)
SCHEMA = """
CREATE TABLE parent (id uuid PRIMARY KEY, code text UNIQUE, note text);
CREATE TABLE child (
    parent uuid REFERENCES parent ON DELETE CASCADE, number bigint, PRIMARY KEY (parent, number));
CREATE TABLE stranger (id serial PRIMARY KEY, "the code" text REFERENCES parent (code)
    ON DELETE SET NULL);
CREATE TABLE tree (id bigint PRIMARY KEY, above bigint REFERENCES tree);
CREATE TABLE loose (id bigint);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("cleanup") / "postgres") as found:
        yield found


@pytest.fixture
def source(server: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(SCHEMA.encode())
        yield connection


@pytest.fixture
def pipeline() -> Pipeline:
    return msgspec.structs.replace(load_pipeline(Checkout.at(ROOT, {})), tables=TABLES)


def ledger(folder: Path, *rows: tuple[str, str, object]) -> list[Path]:
    """Write the ledger of two scenarios."""
    paths = [folder / "one.tsv", folder / "two.tsv"]
    for at, path in enumerate(paths):
        lines = [f"{op}\tpublic.{table}\t{key}\n" for op, table, key in rows[at::2]]
        path.write_text("".join(lines), encoding="utf-8")
    return [*paths, folder / "no ledger"]


def ids(source: psycopg.Connection[tuple[Any, ...]], table: str) -> Sequence[str]:
    query = sql.SQL("SELECT {0}::text FROM {0} ORDER BY 1").format(sql.Identifier(table))
    rows = source.execute(query).fetchall()
    return [text for (text,) in rows]


def test_the_rows_of_a_run_go_and_those_of_others_stay(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    number = 2 * BATCH + 5
    mine = [str(uuid.uuid4()) for _ in range(number)]
    others, touched, gone = (str(uuid.uuid4()) for _ in range(3))
    with source.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO parent (id) VALUES (%s)", [(x,) for x in (*mine, others, touched)]
        )
        cursor.executemany("INSERT INTO child VALUES (%s, 1)", [(x,) for x in (mine[0], others)])
    rows = [
        *(("c", "parent", each) for each in mine),
        ("u", "parent", mine[1]),
        # It was there before the run, which only changed it.
        ("u", "parent", touched),
        # The run deleted it again.
        ("c", "parent", gone),
        ("d", "parent", gone),
        ("c", "child", f'["{mine[0]}",1]'),
        # Not a table of the pipeline.
        ("c", "stranger", 1),
    ]
    removed = delete_written(server, pipeline, ledger(tmp_path, *rows))
    # Children first, although their table comes later in the pipeline.
    assert removed == (Removed("public.child", 1, 0), Removed("public.parent", number, 0))
    assert {each.split(",")[0].strip("(") for each in ids(source, "parent")} == {others, touched}
    assert ids(source, "child") == [f"({others},1)"]
    assert cleanup_lines(removed) == (
        f"cleanup: deleted 1 row of public.child, {number:,} rows of public.parent",
    )


def test_a_row_that_others_reference_stays_whatever_the_foreign_key_does(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    cascading, nulling, free = (str(uuid.uuid4()) for _ in range(3))
    source.execute(
        "INSERT INTO parent VALUES (%s, 'a'), (%s, 'b'), (%s, 'c')", (cascading, nulling, free)
    )
    source.execute("INSERT INTO child VALUES (%s, 7), (%s, 8)", (cascading, cascading))
    source.execute("INSERT INTO stranger (\"the code\") VALUES ('b')")
    rows = [
        *(("c", "parent", each) for each in (cascading, nulling, free)),
        ("c", "child", f'["{cascading}",8]'),
    ]
    removed = delete_written(server, pipeline, ledger(tmp_path, *rows))
    assert removed == (Removed("public.child", 1, 0), Removed("public.parent", 1, 2))
    assert ids(source, "child") == [f"({cascading},7)"]
    assert ids(source, "stranger") == ["(1,b)"]
    assert cleanup_lines(removed)[1] == (
        "cleanup: 2 rows of public.parent stay: a row that the run did not insert references them, "
        "or another transaction holds them"
    )


def test_rows_that_reference_one_another_in_a_table(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    # A chain in the worst order, a row that references itself, and one of others.
    source.execute("INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 4), (5, NULL), (6, 5)")
    rows = [("c", "tree", each) for each in (1, 2, 3, 4, 5)]
    removed = delete_written(server, pipeline, ledger(tmp_path, *rows))
    assert removed == (Removed("public.tree", 4, 1),)
    assert ids(source, "tree") == ["(5,)", "(6,5)"]


def test_a_row_that_another_transaction_holds_is_not_waited_for(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    source.execute("INSERT INTO tree VALUES (1), (2)")
    with psycopg.connect(server) as other:
        # As an insert of a row that references it does.
        other.execute("SELECT FROM tree WHERE id = 1 FOR KEY SHARE")
        rows = [("c", "tree", 1), ("c", "tree", 2)]
        removed = delete_written(server, pipeline, ledger(tmp_path, *rows))
    assert removed == (Removed("public.tree", 1, 1),)
    assert ids(source, "tree") == ["(1,)"]


def test_a_table_whose_key_may_be_of_several_rows_is_refused(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    source.execute("INSERT INTO loose VALUES (1), (1)")
    source.execute("INSERT INTO tree VALUES (1)")
    rows = [("c", "tree", 1), ("c", "loose", 1)]
    with pytest.raises(StackFailure, match=r"public\.loose has no unique index on its key \(id\)"):
        delete_written(server, pipeline, ledger(tmp_path, *rows))
    # Nothing is deleted if not everything can be.
    assert (ids(source, "loose"), ids(source, "tree")) == (["(1)", "(1)"], ["(1,)"])


def test_a_role_that_may_not_delete_is_one_line(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    source.execute("INSERT INTO tree VALUES (1)")
    source.execute("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA public TO reader")
    source.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    dsn = psycopg.conninfo.make_conninfo(server, user="reader")
    with pytest.raises(StackFailure) as raised:
        delete_written(dsn, pipeline, ledger(tmp_path, ("c", "tree", 1)))
    assert raised.value.message == "cleanup: PostgreSQL: permission denied for table tree"
    assert ids(source, "tree") == ["(1,)"]


def test_a_run_without_inserts(
    server: str, source: psycopg.Connection[tuple[Any, ...]], pipeline: Pipeline, tmp_path: Path
) -> None:
    assert source.execute("SELECT 1").fetchone() == (1,)
    removed = delete_written(server, pipeline, ledger(tmp_path))
    assert cleanup_lines(removed) == ("cleanup: deleted nothing: the run inserted no row",)
