"""Geometric values in the form that Debezium sends: docs/types.md shows one of each."""

import base64

import pytest

from cdc_perf.integrity.geometry import FORMS

# Doubles, little-endian.
D0, D1, D2 = "0000000000000000", "000000000000f03f", "0000000000000040"
D3, D4 = "0000000000000840", "0000000000001040"
POINT, LINE, POLYGON = "0101000000", "0102000000", "0103000000" + "01000000"


def binary(*words: str) -> dict[str, object]:
    return {"wkb": base64.b64encode(bytes.fromhex("".join(words))).decode(), "srid": None}


@pytest.mark.parametrize(
    ("kind", "printed", "form"),
    [
        ("point", "(1,2)", {"x": 1.0, "y": 2.0, **binary(POINT, D1, D2)}),
        ("line", "{1,2,-3.5}", {"a": 1.0, "b": 2.0, "c": -3.5}),
        ("circle", "<(1,2),3>",
         {"center": {"x": 1.0, "y": 2.0, **binary(POINT, D1, D2)}, "radius": 3.0}),
        ("lseg", "[(1,2),(3,4)]",
         {**binary(LINE, "02000000", D1, D2, D3, D4), "extensions": {"type": "lseg"}}),
        ("box", "(3,4),(1,2)",
         {**binary(POLYGON, "05000000", D3, D4, D3, D2, D1, D2, D1, D4, D3, D4),
          "extensions": {"type": "box"}}),
        ("path", "[(1,2),(3,4)]",
         {**binary(LINE, "02000000", D1, D2, D3, D4),
          "extensions": {"type": "path", "closed": "false"}}),
        ("path", "((1,2),(3,4))",
         {**binary(LINE, "02000000", D1, D2, D3, D4),
          "extensions": {"type": "path", "closed": "true"}}),
        ("polygon", "((1,2),(3,4),(0,1e0))",
         {**binary(POLYGON, "04000000", D1, D2, D3, D4, D0, D1, D1, D2),
          "extensions": {"type": "polygon"}}),
    ],
)  # fmt: skip
def test_the_form_of_a_value(kind: str, printed: str, form: dict[str, object]) -> None:
    assert FORMS[kind](printed) == form


def test_a_number_that_json_lacks_is_a_text() -> None:
    found = FORMS["line"]("{NaN,Infinity,-Infinity}")
    assert found == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        ("point", "(1)"),
        ("point", "(1,2,3)"),
        ("line", "{1,2}"),
        ("box", "(1,2),(3,4),(5,6)"),
        ("path", "[(1,2),(3)]"),
        ("polygon", "()"),
    ],
)
def test_a_wrong_number_of_coordinates_is_an_error(kind: str, printed: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - its text is the value
        FORMS[kind](printed)
    assert raised.value.args == (printed,)
