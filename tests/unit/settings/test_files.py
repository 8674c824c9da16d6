from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import ExitCode, UsageFailure
from cdc_perf.settings.files import join, read_json, read_toml, typed


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'{"a": 1,\n "b" 2}', "x.json: line 2, column 6: not JSON: Expecting ':' delimiter"),
        (b"", "x.json: line 1, column 1: not JSON: Expecting value"),
        (b'{"a": 1} x', "x.json: line 1, column 10: not JSON: Extra data"),
        (b'{"a": {"b": 1, "b": 2}}', "x.json: a.b: is set twice"),
        (b'[{"a": 1}, {"a": 1, "a": 1}]', "x.json: [1].a: is set twice"),
        (b'{"a": [1, NaN]}', "x.json: a[1]: is not a finite number"),
        (b'{"a": Infinity}', "x.json: a: is not a finite number"),
        (b'{"a": 1e999}', "x.json: a: is not a finite number"),
        (b'{"a": ' + b"9" * 400 + b"}", "x.json: a: is not a finite number"),
        (b'{"a": "\xff"}', "x.json: not UTF-8 at byte 7"),
        (b"[" * 100_000, "x.json: nested too deeply"),
    ],
)
def test_broken_json_is_one_line_that_names_the_place(
    tmp_path: Path, content: bytes, line: str
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UsageFailure) as caught:
        read_json(path)
    assert str(caught.value) == line
    assert caught.value.code is ExitCode.USAGE


def test_whole_numbers_stay_whole_as_far_as_javascript_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[2000, 2000.0, 999999999999999, 12345678901234567890]", encoding="utf-8")
    content = read_json(path)
    assert content == [2000, 2000.0, 999999999999999, 12345678901234567000.0]
    assert isinstance(content, list)
    assert [type(number) for number in content] == [int, float, int, float]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a = 1\na = 2", "x.toml: not TOML: Cannot overwrite a value (at end of document)"),
        ("a = ", "x.toml: not TOML: Invalid value (at end of document)"),
    ],
)
def test_broken_toml_is_one_line(tmp_path: Path, content: str, line: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageFailure) as caught:
        read_toml(path)
    assert str(caught.value) == line


def test_a_missing_file_is_named_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(UsageFailure) as caught:
        read_json(path)
    assert str(caught.value) == f"x.json: cannot be read: No such file or directory ({path})"


class _Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: int


class _Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: list[_Inner]


@pytest.mark.parametrize(
    ("content", "place", "line"),
    [
        ({}, "", "f: inner: is missing"),
        ({"inner": [], "extra": 1}, "", "f: extra: is not a known setting"),
        ({"inner": [{"number": 1}, {}]}, "", "f: inner[1].number: is missing"),
        ({"inner": [{"number": "1"}]}, "", "f: inner[0].number: expected `int`, got `str`"),
        (
            {"inner": [{"number": True}]},
            "a.b",
            "f: a.b.inner[0].number: expected `int`, got `bool`",
        ),
        ([], "", "f: expected `object`, got `array`"),
    ],
)
def test_a_value_of_another_type_is_refused_at_its_place(
    content: object, place: str, line: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        typed(content, _Outer, file="f", place=place)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("place", "inner", "joined"),
    [("", "a", "a"), ("a", "", "a"), ("a", "b", "a.b"), ("a", "[0].b", "a[0].b")],
)
def test_places_are_joined_with_dots(place: str, inner: str, joined: str) -> None:
    assert join(place, inner) == joined
