import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.checks.sink_tables import expect_same_key
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn

# What PostgreSQL stores as the modifier of a numeric: precision, scale, and its header.
TWO_DIGITS, FOUR_DIGITS = (10 << 16 | 2) + 4, (10 << 16 | 4) + 4


def column(name: str, kind: str, modifier: int = -1) -> TableColumn:
    return TableColumn(
        name=name,
        declared=f"{kind}/{modifier}",
        is_domain=False,
        oid=0,
        type=kind,
        category="b",
        element="",
        element_category="",
        delimiter="",
        modifier=modifier,
        generated=GeneratedColumn.NO,
        toastable=False,
    )


def check(here: list[TableColumn], there: list[TableColumn], **names: str) -> None:
    table = Table("public.t", tuple(x.name for x in here), "public.u", names)
    expect_same_key("tables[0]", table, {x.name: x for x in here}, {x.name: x for x in there})


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (column("id", "uuid"), column("id", "uuid")),
        (column("id", "uuid"), column("id", "text")),
        (column("id", "int4"), column("id", "int8")),
        # One key column is text on both sides.
        (column("id", "int8"), column("id", "text")),
        (column("id", "numeric", TWO_DIGITS), column("id", "numeric", TWO_DIGITS)),
        (column("id", "numeric", TWO_DIGITS), column("id", "numeric")),
        (column("id", "timestamptz"), column("id", "timestamptz")),
        (column("id", "date"), column("id", "date")),
    ],
)
def test_keys_that_print_alike_can_be_compared(here: TableColumn, there: TableColumn) -> None:
    check([here], [there])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (column("id", "numeric", TWO_DIGITS), column("id", "numeric", FOUR_DIGITS)),
        (column("id", "timestamptz"), column("id", "timestamptz", 3)),
        (column("id", "timestamptz"), column("id", "timestamp")),
        (column("id", "timestamp"), column("id", "text")),
        (column("id", "int8"), column("id", "date")),
    ],
)
def test_keys_that_print_differently_are_refused(here: TableColumn, there: TableColumn) -> None:
    with pytest.raises(StackFailure, match=r"^tables\[0\]\.key: id of public\.t is "):
        check([here], [there])


def test_a_number_and_a_text_differ_in_a_composite_key() -> None:
    line = column("line", "int4")
    check([column("id", "uuid"), line], [column("id", "text"), column("line", "int8")])
    with pytest.raises(StackFailure, match="line of"):
        check([column("id", "uuid"), line], [column("id", "uuid"), column("line", "text")])


def test_the_column_of_the_sink_is_the_one_of_the_mapping() -> None:
    there = [column("id", "date"), column("nr", "uuid")]
    check([column("id", "uuid")], there, id="nr")
    with pytest.raises(StackFailure, match="but nr of the sink's table"):
        check([column("id", "timestamp")], there, id="nr")


def test_a_type_that_cannot_be_a_key_is_refused_in_the_sink_too() -> None:
    with pytest.raises(StackFailure, match=r"the sink's table public\.u: the key column id"):
        check([column("id", "float8")], [column("id", "float8")])
