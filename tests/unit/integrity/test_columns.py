"""What a row comes to, type by type, against the JSON that Debezium makes of it."""

import pytest

from scripts.integrity.columns import Column, column, id_text


def of(kind: str, precision: int = -1, *, is_enum: bool = False) -> Column:
    found = column("c", kind, precision, is_enum=is_enum)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "precision", "text", "value", "others"),
    [
        ("text", -1, "a", "a", ["A", 1, b"a"]),
        ("uuid", -1, "0b9c8f3e-0000-4000-8000-000000000000", None, []),
        ("numeric", 786438, "12.50", "12.50", ["12.5", 12.5]),
        ("int4", -1, "-7", -7, [7, "-7", True, -7.5]),
        ("int8", -1, "9223372036854775807", 2**63 - 1, [2**63]),
        ("bool", -1, "true", True, [False, 1, "true"]),
        ("bool", -1, "f", False, [True, 0]),
        ("float8", -1, "0.1", 0.1, [0.2, "x"]),
        ("float8", -1, "NaN", "NaN", [0.0]),
        ("bpchar", 14, "ab", "ab        ", ["abc"]),
        (
            "timestamptz",
            -1,
            "2026-11-24 20:08:40.12+00",
            "2026-11-24T20:08:40.120000Z",
            ["2026-11-24T20:08:40.120001Z", "soon", 7],
        ),
        ("timestamp", -1, "1970-01-01 00:00:01.000002", 1_000_002, [1000, 1_000_003]),
        ("timestamp", 3, "1970-01-01 00:00:01.002", 1002, [1_002_000]),
        ("date", -1, "1970-02-01", 31, [30, "1970-02-01"]),
        ("time", -1, "00:00:01", 1_000_000, [1]),
        ("time", 0, "00:00:01", 1000, [1_000_000]),
        ("bytea", -1, "\\x00ff", "AP8=", ["\\x00ff"]),
        ("_int4", -1, "[1,2]", [1, 2], [[2, 1], [1], "[1,2]"]),
        ("_text", -1, '["a",null]', ["a", None], [["a"]]),
    ],
)
def test_a_value_and_its_document_s(
    kind: str, precision: int, text: str, value: object, others: list[object]
) -> None:
    how = of(kind, precision)
    assert how.same(text, text if value is None else value)
    for other in [*others, None]:
        assert not how.same(text, other), other


def test_an_absent_field_is_a_null() -> None:
    assert of("text").same(None, None)
    assert not of("text").same(None, "")
    assert not of("text").same("", None)


def test_an_enumeration_is_a_text() -> None:
    assert of("mood", is_enum=True).same("glad", "glad")
    assert not of("mood", is_enum=True).same("glad", "sad")


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_what_json_has_no_counterpart_of_is_not_compared(kind: str) -> None:
    assert of(kind).same("infinity", "whatever comes")


def test_a_type_without_a_known_form_is_named_and_not_guessed() -> None:
    assert column("c", "interval", -1, is_enum=False) is None
    assert column("c", "_numeric", -1, is_enum=False) is None


def test_what_can_be_a_key() -> None:
    assert id_text("uuid", is_enum=False) is True
    assert id_text("int8", is_enum=False) is False
    assert id_text("timestamptz", is_enum=False) is None
