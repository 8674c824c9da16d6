"""What the publication, the connector, and the table's definition leave out of a table."""

from collections.abc import Iterator

import pytest

from cdc_perf.integrity.columns import NotCompared, Why
from cdc_perf.integrity.records import FindingKind, TableCompared
from tests.integration.integrity_stack import Planted, planted

pytestmark = pytest.mark.slow

SCHEMA = """
CREATE TABLE filtered (id int PRIMARY KEY, region text, note text);
ALTER TABLE filtered REPLICA IDENTITY FULL;
CREATE TABLE listed (id int PRIMARY KEY, a text, b text);
CREATE TABLE parted (id int, day date, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parted_b PARTITION OF parted FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE excluded (id int PRIMARY KEY, kept text, secret text, card text);
CREATE TABLE made (
    id int PRIMARY KEY, a int,
    twice int GENERATED ALWAYS AS (a * 2) STORED, thrice int GENERATED ALWAYS AS (a * 3) VIRTUAL
);
CREATE TABLE defaults (
    id int PRIMARY KEY, number int DEFAULT 5, word text DEFAULT 'x', truth bool DEFAULT true,
    day date DEFAULT '2026-01-01', amount numeric(5, 1) DEFAULT 1.5, words text[] DEFAULT '{a}'
);
CREATE PUBLICATION cdc_publication FOR TABLE
    customer, address, orders, order_item, parted, excluded, made, defaults,
    filtered WHERE (region LIKE '%eu%' AND region <> 'x'), listed (id, a)
    WITH (publish_via_partition_root = true, publish_generated_columns = stored);
"""
KEYS = {
    "filtered": '["id"]',
    "listed": '["id"]',
    "parted": '["id", "day"]',
    "excluded": '["id"]',
    "made": '["id"]',
    "defaults": '["id"]',
}
SECTIONS = (
    "\n".join(
        f'[[tables]]\ntable = "public.{name}"\nkey = {key}\ntarget = "{name}"\n'
        for name, key in KEYS.items()
    )
    + "\n[connector]\n"
)
CONNECTOR = """
[connector.config]
"column.exclude.list" = "public.excluded.SECRET"
"column.mask.with.4.chars" = "public.excluded.card"
"""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("definitions") / "checkout"
    with planted(folder, SCHEMA, SECTIONS, CONNECTOR) as found:
        yield found


def compared(pipe: Planted, name: str) -> TableCompared:
    integrity = pipe.check(pipe.checker.begin())
    assert integrity.drained, integrity.drain
    assert not integrity.findings
    (table,) = (each for each in integrity.tables if each.table == f"public.{name}")
    return table


def test_rows_that_the_publication_filters_out_are_not_missing(pipe: Planted) -> None:
    pipe.execute("INSERT INTO filtered VALUES (1, 'eu-1', 'a'), (2, 'us', 'b'), (3, 'eu-2', 'c')")
    pipe.execute("UPDATE filtered SET region = 'us' WHERE id = 1")
    pipe.execute("UPDATE filtered SET region = 'eu-3' WHERE id = 2")
    table = compared(pipe, "filtered")
    assert (table.rows, table.documents) == (2, 2)
    assert table.row_filter


def test_a_row_that_the_filter_lets_through_is_missed(pipe: Planted) -> None:
    pipe.execute("INSERT INTO filtered VALUES (9, 'eu-9', 'a')")
    begins = pipe.settled()
    documents = pipe.client[pipe.endpoints.mongodb_database]["filtered"]
    before = documents.find_one_and_delete({"_id": "9"})
    assert before is not None
    assert set(pipe.found(begins)) == {FindingKind.MISSING}
    documents.insert_one(before)


def test_columns_outside_the_column_list(pipe: Planted) -> None:
    pipe.execute("INSERT INTO listed VALUES (1, 'a', 'b')")
    table = compared(pipe, "listed")
    assert table.not_compared == (NotCompared("b", "text", Why.UNPUBLISHED),)


def test_a_partitioned_table(pipe: Planted) -> None:
    pipe.execute("INSERT INTO parted VALUES (1, '2026-01-05', 'a'), (2, '2026-02-05', 'b')")
    pipe.execute("UPDATE parted SET day = '2026-02-06', v = 'c' WHERE id = 1")
    table = compared(pipe, "parted")
    assert (table.rows, table.documents, table.not_compared) == (2, 2, ())


def test_columns_that_the_connector_leaves_out_or_changes(pipe: Planted) -> None:
    pipe.execute("INSERT INTO excluded VALUES (1, 'a', 'b', '1234567')")
    table = compared(pipe, "excluded")
    assert table.not_compared == (
        NotCompared("secret", "text", Why.EXCLUDED),
        NotCompared("card", "text", Why.MASKED),
    )


def test_generated_columns(pipe: Planted) -> None:
    pipe.execute("INSERT INTO made (id, a) VALUES (1, 7)")
    table = compared(pipe, "made")
    assert table.not_compared == (NotCompared("thrice", "integer", Why.VIRTUAL),)


def test_a_null_in_a_column_with_a_default(pipe: Planted) -> None:
    pipe.execute("INSERT INTO defaults VALUES (1, NULL, NULL, NULL, NULL, NULL, NULL)")
    pipe.execute("INSERT INTO defaults VALUES (2)")
    pipe.execute("UPDATE defaults SET number = NULL, word = NULL, amount = NULL WHERE id = 2")
    table = compared(pipe, "defaults")
    assert (table.rows, table.documents, table.not_compared) == (2, 2, ())
