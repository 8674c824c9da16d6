"""Read settings files strictly; an error is one line that names the place."""

import json
import re
import tomllib
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import TypeVar

import msgspec

from cdc_perf.errors import UsageFailure

T = TypeVar("T")

# JavaScript reads these files too; its numbers are doubles, which are exact for this many digits.
_EXACT_DIGITS = 15
_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`")
# An error that a type raises itself begins with the option: `maxVUs: must be at least 9`.
_NAMED = re.compile(r"(?P<option>[A-Za-z]+): (?P<what>.*)", re.DOTALL)


class _Repeating(dict[str, object]):
    """An object with a repeated key; Python and JavaScript would silently keep the last value."""

    def __init__(self, pairs: list[tuple[str, object]], repeated: str) -> None:
        super().__init__(pairs)
        self.repeated = repeated


def read_json(path: Path, name: str = "") -> object:
    """Return the content of a JSON file in which all numbers are finite and no key repeats.

    Args:
        path: The file.
        name: The name for error messages; empty: the file's own.

    Raises:
        UsageFailure: The file is missing or malformed; the message names the place.
    """
    name = name or path.name
    try:
        content: object = json.loads(
            _read(path, name), object_pairs_hook=_object, parse_int=_integer, parse_constant=float
        )
    except json.JSONDecodeError as error:
        raise UsageFailure(
            f"{name}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
        ) from error
    except RecursionError as error:
        raise UsageFailure(f"{name}: nested too deeply") from error
    for place, fault in _faults(content, ""):
        raise UsageFailure(f"{name}: {place}: {fault}")
    return content


def read_toml(path: Path) -> dict[str, object]:
    """Return the content of a TOML file.

    Raises:
        UsageFailure: The file is missing or not TOML, for example because a key repeats.
    """
    try:
        # Some editors on Windows begin a file with this mark.
        return tomllib.loads(_read(path, path.name).removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise UsageFailure(f"{path.name}: not TOML: {error}") from error


def typed(content: object, kind: type[T], *, file: str, place: str = "") -> T:
    """Return `content` as a value of `kind`, a msgspec struct.

    Args:
        content: The content of a file, as plain objects.
        kind: The wanted type.
        file: The file's name, for the error message.
        place: The place of `content` in the file, for the error message; empty for the whole file.

    Raises:
        UsageFailure: `content` does not fit: `pipeline.toml: tables[2].key: is missing`.
    """
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        inner, what = _explain(str(error))
        where = join(place, inner)
        raise UsageFailure(": ".join(part for part in (file, where, what) if part)) from error


def join(place: str, inner: str) -> str:
    """Return the dotted place of `inner` within `place`; either may be empty."""
    separator = "." if place and inner and not inner.startswith("[") else ""
    return f"{place}{separator}{inner}"


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageFailure(f"{name}: cannot be read: {error.strerror} ({path})") from error
    except UnicodeDecodeError as error:
        raise UsageFailure(f"{name}: not UTF-8 at byte {error.start}") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            return _Repeating(pairs, name)
        names.add(name)
    return dict(pairs)


def _integer(text: str) -> float:
    return int(text) if len(text) <= _EXACT_DIGITS else float(text)


def _faults(content: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(content, _Repeating):
        yield join(place, content.repeated), "is set twice"
    if isinstance(content, float) and not isfinite(content):
        yield place, "is not a finite number"
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _faults(value, join(place, name))
    if isinstance(content, list):
        for index, value in enumerate(content):
            yield from _faults(value, f"{place}[{index}]")


def _explain(message: str) -> tuple[str, str]:
    """Split an error message of msgspec into the place (`tables[2].key`) and the fault."""
    match = _PLACE.fullmatch(message)
    what, place = (match["what"], match["place"] or "") if match else (message, "")
    named = _NAMED.fullmatch(what)
    if named:
        return join(place, named["option"]), named["what"]
    field = _FIELD.fullmatch(what)
    if field:
        fault = "is missing" if field["fault"] == "missing required" else "is not a known setting"
        return join(place, field["name"]), fault
    return place, f"{what[:1].lower()}{what[1:]}"
