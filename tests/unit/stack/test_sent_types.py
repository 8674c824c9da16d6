import pytest

from cdc_perf.stack.sent_types import is_sent
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn


def column(kind: str, category: str = "b", element: str = "", below: str = "") -> TableColumn:
    return TableColumn(
        name="x",
        declared=kind,
        is_domain=False,
        oid=1,
        type=kind,
        category=category,
        element=element,
        element_category=below,
        delimiter="," if element else "",
        modifier=-1,
        generated=GeneratedColumn.NO,
        toastable=False,
    )


@pytest.mark.parametrize(
    "sent",
    [
        *(column("text"), column("mood", "e"), column("int4range", "r")),
        *(column("_text", element="text", below="b"), column("_mood", element="mood", below="e")),
    ],
)
def test_what_debezium_sends(sent: TableColumn) -> None:
    assert is_sent(sent)


@pytest.mark.parametrize(
    "unsent",
    [
        *(column("pg_lsn"), column("pair", "c"), column("int4multirange", "m")),
        *(column("floatrange", "r"), column("_money", element="money", below="b")),
        column("_short_text", element="short_text", below="d"),
    ],
)
def test_what_it_does_not_send(unsent: TableColumn) -> None:
    assert not is_sent(unsent)
