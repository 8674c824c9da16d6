"""What a row's value becomes, type by type, against the JSON that Debezium makes of it.

The forms are those that Debezium 3.7 was seen to send: tests/integration/types has each of them
through the real pipeline.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.integrity import temporal
from cdc_perf.integrity.columns import Column, Printed
from cdc_perf.integrity.conversions import conversion
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn

YEAR_ZERO_DAYS = -719_528


def table_column(kind: str, modifier: int = -1, *, category: str = "b") -> TableColumn:
    is_array = kind.endswith("[]")
    return TableColumn(
        name="c",
        declared=kind,
        is_domain=False,
        oid=0,
        type=f"_{kind[:-2]}" if is_array else kind,
        category="b" if is_array else category,
        element=kind[:-2] if is_array else "",
        element_category=category if is_array else "",
        delimiter="," if is_array else "",
        modifier=modifier,
        generated=GeneratedColumn.NO,
        toastable=is_array,
    )


def of(kind: str, modifier: int = -1, *, category: str = "b") -> Column:
    return Column.of(table_column(kind, modifier, category=category))


@pytest.mark.parametrize(
    ("kind", "modifier", "printed", "value", "others"),
    [
        ("text", -1, "a", "a", ["A", 1, b"a"]),
        ("uuid", -1, "0b9c8f3e-0000-4000-8000-000000000000", None, []),
        ("inet", -1, "192.0.2.1", "192.0.2.1", ["192.0.2.1/32"]),
        ("numeric", 786438, "12.50", "12.50", ["12.5", 12.5]),
        ("numeric", -1, "NaN", "NAN", ["NaN", 0]),
        ("numeric", -1, "Infinity", "POSITIVE_INFINITY", ["Infinity", "NEGATIVE_INFINITY"]),
        ("numeric", -1, "-Infinity", "NEGATIVE_INFINITY", ["POSITIVE_INFINITY"]),
        ("numeric", (5 << 16 | 0x7FE) + 4, "12300", "12300.00",
         ["12301", "x", "NAN", "POSITIVE_INFINITY"]),  # its scale is -2
        ("money", -1, "1.50", "1.50", ["1.51", "x"]),
        ("int4", -1, "-7", -7, [7, "-7", True, -7.5]),
        ("int8", -1, "9223372036854775807", 2**63 - 1, [2**63]),
        ("bool", -1, "t", True, [False, 1, "true"]),
        ("bool", -1, "f", False, [True, 0]),
        ("float8", -1, "0.1", 0.1, [0.2, "x", True]),
        ("float8", -1, "NaN", "NaN", [0.0]),
        ("float8", -1, "-0", -0.0, [0.0]),
        ("float4", -1, "1e-45", 1.4e-45, [2.8e-45]),
        ("float4", -1, "3.4028235e+38", 3.4028235e38, [1e300]),
        ("bpchar", 14, "ab", "ab        ", ["abc"]),
        ("bit", 1, "1", True, [False, "AQ=="]),
        ("bit", 8, "10101010", "qg==", ["qw==", True]),
        ("varbit", -1, "", "", ["AQ=="]),
        ("timestamp", -1, "1970-01-01 00:00:01.000002", 1_000_002, [1000, 1_000_003]),
        ("timestamp", 3, "1970-01-01 00:00:01.002", 1002, [1_002_000]),
        ("timestamp", -1, "infinity", 2**63 - 1, [-(2**63), 0]),
        ("timestamp", 3, "-infinity", -9223372036832400000, [0]),
        ("timestamp", -1, "4713-01-01 00:00:00 BC", -210863520000000000, [0]),
        ("timestamptz", -1, "2026-11-24 20:08:40.12+00", "2026-11-24T20:08:40.120000Z",
         ["2026-11-24T20:08:40.120001Z", "soon", 7]),
        ("timestamptz", -1, "0044-03-15 12:00:00+00 BC", "-0043-03-15T12:00:00.000000Z",
         ["0044-03-15T12:00:00.000000Z"]),
        ("timestamptz", -1, "10000-01-01 00:00:00+00", "+10000-01-01T00:00:00.000000Z", ["x"]),
        ("timestamptz", -1, "-infinity", "-infinity", ["infinity"]),
        ("date", -1, "1970-02-01", 31, [30, "1970-02-01"]),
        ("date", -1, "0001-01-01 BC", YEAR_ZERO_DAYS, [YEAR_ZERO_DAYS + 366]),
        ("date", -1, "5874897-12-31", 2145042905, [0]),
        ("date", -1, "infinity", 2146033979, [0]),
        ("time", -1, "00:00:01", 1_000_000, [1]),
        ("time", 0, "00:00:01", 1000, [1_000_000]),
        ("time", -1, "24:00:00", 86_400_000_000, [0]),
        ("timetz", -1, "12:34:56.789012+05:30", "07:04:56.789012Z", ["12:34:56.789012Z"]),
        ("timetz", -1, "24:00:00+00", "24:00:00Z", ["00:00:00Z"]),
        ("interval", -1, "1 year 2 mons 3 days 04:05:06.789", 37091106789000, [0]),
        ("interval", -1, "-00:00:00.5", -500_000, [500_000]),
        ("bytea", -1, "\\x00ff", "AP8=", ["\\x00ff"]),
        ("hstore", -1, '"a"=>"1", "b"=>NULL', '{"b":null,"a":"1"}', ['{"a":"1"}', "{", 7]),
        ("tstzrange", -1, '["2026-01-01 00:00:00+00",infinity)',
         '["2026-01-01 01:00:00+01",infinity)', ['["2026-01-01 01:00:00+00",infinity)', "x"]),
        ("point", -1, "(1.5,-2.5)",
         {"x": 1.5, "y": -2.5, "wkb": "AQEAAAAAAAAAAAD4PwAAAAAAAATA", "srid": None},
         [{"x": 1.5, "y": 2.5, "wkb": "AQEAAAAAAAAAAAD4PwAAAAAAAATA", "srid": None}]),
        ("int4[]", -1, ["1", "2"], [1, 2], [[2, 1], [1], "[1,2]", [1, None]]),
        ("text[]", -1, ["a", None], ["a", None], [["a"], [None, "a"]]),
        ("numeric[]", -1, ["1.50", None], ["1.50", None], [["1.5", None], [None, None]]),
        ("int4[]", -1, [["1", "2"], ["3", "4"]], [[1, 2], [3, 4]], [[None, None]]),
        ("oidvector", -1, "1 2", [1, 2], [[]]),
    ],
)  # fmt: skip
def test_a_value_and_its_document_s(
    kind: str, modifier: int, printed: Printed, value: object, others: list[object]
) -> None:
    how = of(kind, modifier)
    assert how.same(printed, printed if value is None else value)
    for other in [*others, None]:
        assert not how.same(printed, other), other


def test_an_absent_field_is_a_null() -> None:
    assert of("text").same(None, None)
    assert not of("text").same(None, "")
    assert not of("text").same("", None)


@pytest.mark.parametrize("kind", ["mood", "mood[]"])
def test_an_enumeration_is_a_text(kind: str) -> None:
    how = of(kind, category="e")
    assert how.conversion is not None
    assert of("mood", category="e").same("glad", "glad")
    assert not of("mood", category="e").same("glad", "sad")


@pytest.mark.parametrize(
    ("kind", "printed", "values"),
    [
        ("timestamp", "294276-12-31 23:59:59.999999", [-9223372036853775810, 0, 2**63 - 1]),
        ("interval", "infinity", [0, 2**63 - 1, "infinity"]),
        ("interval", "178000000 years", [2**63 - 1]),
        # No such day; the numbers are those of the next month and of the next year.
        ("date", "2026-01-32", [20485]),
        ("date", "2026-13-01", [20819]),
        # `bytea_output` is hex; this is the format `escape` of one byte, 0.
        ("bytea", "\\000", ["AA=="]),
    ],
)
def test_a_value_that_no_document_can_hold_is_never_the_same(
    kind: str, printed: str, values: list[object]
) -> None:
    assert not any(of(kind).same(printed, value) for value in values)


def test_of_a_type_without_a_known_form_only_the_presence_is_compared() -> None:
    how = of("cube")
    assert how.conversion is None
    assert how.same("(1,2)", "whatever comes")
    assert not how.same("(1,2)", None)


@given(st.datetimes())
def test_instants_agree_with_python_where_python_has_them(at: object) -> None:
    text = f"{at}+00"
    sent = str(at).replace(" ", "T") + "Z"
    assert temporal.instant(text) == temporal.sent_instant(sent)


@given(st.dates())
def test_days_agree_with_python_where_python_has_them(at: object) -> None:
    (ordinal,) = (at.toordinal(),)  # type: ignore[attr-defined]
    assert temporal.days(str(at)) == ordinal - 719_163


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "{", '{"a": "\ud800"}'])
def test_json_that_cannot_be_read_is_a_value_that_is_no_such_document_value(text: str) -> None:
    found = conversion(table_column("hstore"))
    assert found is not None
    with pytest.raises(ValueError):  # noqa: PT011 - the value, whatever it is
        found.of_document(text)


@pytest.mark.parametrize(
    ("kind", "printed", "value", "same"),
    [
        ("text", "a", "a", True),
        ("text", "a", "A", False),
        ("text", None, None, True),
        ("text", "a", None, False),
        ("text", None, "", False),
        # The sink's column has another scale, or another type.
        ("numeric", "7.50", "7.5", True),
        ("numeric", "7.50", "7.51", False),
        ("numeric", "7.50", "no number", False),
        ("numeric[]", ["1.0", None], ["1", None], True),
        ("numeric[]", ["1.0"], ["1", "2"], False),
        ("numeric[]", ["1.0"], "{1.0}", False),
        ("date", "2026-11-29", "tomorrow", False),
        # A type whose values are not compared in another form.
        ("unknown", "a", "b", False),
    ],
)
def test_values_of_a_sink_that_prints_as_postgresql_does(
    kind: str, printed: Printed, value: Printed, *, same: bool
) -> None:
    category = "U" if kind == "unknown" else "b"
    assert of(kind, category=category).same_printed(printed, value) is same
