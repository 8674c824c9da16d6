import pytest

from cdc_perf.settings.workload import ColumnRule, Statement
from cdc_perf.workload.load_plan import Change, KeyParameter, Text, ValueParameter
from cdc_perf.workload.statements import parse_statement, statement_change

KEY = ("tenant_id", "order_no")


@pytest.mark.parametrize(
    ("text", "sql", "names"),
    [
        ("UPDATE t SET a = :a WHERE id = :id;", "UPDATE t SET a = $1 WHERE id = $2", ("a", "id")),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :a::int, ':b', \":c\", x[1:n]", "SELECT $1::int, ':b', \":c\", x[1:n]", ("a",)),
        ("SELECT $$ :a ; $$, $x$ :b $x$, E'\\':c'", "SELECT $$ :a ; $$, $x$ :b $x$, E'\\':c'", ()),
        ("SELECT 1 -- :a ;\n/* :b */ + :c", "SELECT 1  \n  + $1", ("c",)),
        ("SELECT :a; -- done", "SELECT $1", ("a",)),
    ],
)
def test_names_become_parameters(text: str, sql: str, names: tuple[str, ...]) -> None:
    found = parse_statement(text)
    assert (found.sql, found.names, found.fault) == (sql, names, "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("DELETE FROM a; DELETE FROM b", "has more than one statement"),
        ("DELETE FROM a WHERE id = $1", "has $1; use :name"),
        ("INSERT INTO a DEFAULT VALUES returning id", "has RETURNING, which is added"),
    ],
)
def test_what_cannot_be_a_statement(text: str, fault: str) -> None:
    assert parse_statement(text).fault.startswith(fault)


def test_an_update_takes_the_key_of_a_row() -> None:
    statement = Statement(
        weight=3,
        table="shop.orders",
        operation="update",
        sql="UPDATE shop.orders SET note = :note WHERE tenant_id = :tenant_id "
        "AND order_no = :order_no",
        keys="latest",
        values={"note": ColumnRule(text=5)},
    )
    change, faults = statement_change("pay", statement, KEY)
    assert faults == ()
    assert change == Change(
        name="pay",
        operation="update",
        table="shop.orders",
        weight=3,
        keys="latest",
        sql="UPDATE shop.orders SET note = $1 WHERE tenant_id = $2 AND order_no = $3",
        parameters=(
            ValueParameter(Text(5)),
            KeyParameter("tenant_id"),
            KeyParameter("order_no"),
        ),
    )


def test_an_insert_returns_the_key_of_the_new_row() -> None:
    statement = Statement(1, "shop.orders", "insert", "INSERT INTO shop.orders DEFAULT VALUES")
    change, faults = statement_change("log", statement, ("id", "Line"))
    assert faults == ()
    assert change is not None
    assert change.sql == 'INSERT INTO shop.orders DEFAULT VALUES RETURNING "id", "Line"'


@pytest.mark.parametrize(
    ("sql", "values", "faults"),
    [
        (
            "UPDATE t SET a = :b WHERE tenant_id = :tenant_id AND order_no = :orderno",
            {"c": ColumnRule(text=1)},
            [
                ("sql", ":b is neither a key column nor in values; known: tenant_id, order_no, c"),
                (
                    "sql",
                    ":orderno is neither a key column nor in values; did you mean order_no?",
                ),
                ("values.c", "sql has no :c"),
                ("sql", "has no :order_no: a statement changes one row, by its key"),
            ],
        ),
        (
            "DELETE FROM t WHERE tenant_id = :tenant_id AND order_no = :order_no AND a = :a",
            {"a": ColumnRule(sql="now()"), "tenant_id": ColumnRule(text=1)},
            [
                ("values.tenant_id", "has the name of a key column; use another"),
                ("values.a", "sql: write the expression into the statement"),
            ],
        ),
        (
            "DELETE FROM t WHERE tenant_id = :tenant_id AND order_no = :order_no; SELECT 1",
            {},
            [
                (
                    "sql",
                    "has more than one statement; k6 makes one transaction of each change",
                )
            ],
        ),
    ],
)
def test_the_faults_of_a_statement_are_found_at_once(
    sql: str, values: dict[str, ColumnRule], faults: list[tuple[str, str]]
) -> None:
    statement = Statement(1, "t.t", "update", sql, values=values)
    change, found = statement_change("pay", statement, KEY)
    assert change is None
    assert list(found) == faults
