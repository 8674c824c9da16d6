"""The generator of a column that the user does not describe, from its type and constraints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from cdc_perf.settings.workload import HIGHEST
from cdc_perf.workload.catalog import CatalogColumn
from cdc_perf.workload.constraints import Rule
from cdc_perf.workload.limits import (
    DATES,
    FLOATS,
    INTEGERS,
    ORDERED,
    TEXTS,
    Limits,
    NoGenerator,
    NoType,
    length_limits,
    limits_of,
    number_of,
    step_of,
    text_of,
)
from cdc_perf.workload.load_plan import (
    Array,
    Boolean,
    Bytes,
    Choice,
    Element,
    Generator,
    Json,
    Range,
    Text,
    Uuid,
)

JSONS = frozenset(("json", "jsonb"))
# Rows stay small by default, so that the pipeline is measured and not the size of its payload.
_TEXT_BYTES = 20
_JSON_BYTES = 60
_ARRAY_LENGTH = 2
_NUMBERS = ("1", "1000")
# Fixed, so that the same seed gives the same values on every day.
_DAYS = ("2024-01-01", "2025-12-31")
# Values of types that no other generator makes.
_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "time": ("08:15:00", "12:30:00", "17:45:00", "23:59:59"),
    "timetz": ("08:15:00+00", "12:30:00+00", "17:45:00+00", "23:59:59+00"),
    "interval": ("00:05:00", "01:00:00", "1 day", "30 days"),
    "money": ("1.00", "9.99", "120.50", "1000.00"),
    "inet": ("192.0.2.1", "192.0.2.77", "198.51.100.5", "2001:db8::1"),
    "cidr": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"),
    "macaddr": ("08:00:2b:01:02:03", "08:00:2b:01:02:04", "08:00:2b:01:02:05"),
    "macaddr8": ("08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03:04:06"),
    "char": ("a", "b", "c"),
    "oid": ("1", "2", "3"),
    "xml": ("<a/>", "<b/>", "<c/>"),
    "point": ("(0,0)", "(1,2)", "(3,4)"),
    "box": ("(1,1),(0,0)", "(2,2),(1,1)"),
    "circle": ("<(0,0),1>", "<(1,1),2>"),
    "lseg": ("[(0,0),(1,1)]", "[(1,1),(2,2)]"),
    "line": ("{1,-1,0}", "{1,0,0}"),
    "path": ("[(0,0),(1,1)]", "[(1,1),(2,2)]"),
    "polygon": ("((0,0),(1,1),(1,0))", "((0,0),(2,2),(2,0))"),
    "tsvector": ("'a':1 'b':2", "'c':1 'd':2"),
    "int4range": ("[1,10)", "[5,20)"),
    "int8range": ("[1,10)", "[5,20)"),
    "numrange": ("[1,10)", "[5,20)"),
    "daterange": ("[2024-01-01,2024-02-01)", "[2024-03-01,2024-04-01)"),
    "tsrange": (
        '["2024-01-01 00:00:00","2024-02-01 00:00:00")',
        '["2024-03-01 00:00:00","2024-04-01 00:00:00")',
    ),
    "tstzrange": (
        '["2024-01-01 00:00:00+00","2024-02-01 00:00:00+00")',
        '["2024-03-01 00:00:00+00","2024-04-01 00:00:00+00")',
    ),
    "ltree": ("a.b", "a.c", "a.b.d"),
    "hstore": ('"a"=>"1"', '"a"=>"2"', '"b"=>"1"'),
}


def derived(column: CatalogColumn, rules: Sequence[Rule]) -> Generator:
    """Return the generator of a column's values, which satisfy its constraints.

    Args:
        column: The column.
        rules: What its constraints demand.

    Raises:
        NoGenerator: There is none for its type, or no value satisfies the constraints.
    """
    kind, declared = column.column.type, column.column.declared
    listed = listed_values(rules)
    if column.column.element:
        return Array(_of_element(column), _ARRAY_LENGTH)
    if column.column.is_enum:
        return _choice([x for x in column.labels if listed is None or x in listed], rules)
    if listed is not None:
        return _choice([x for x in listed if _satisfies(x, column, rules)], rules)
    if kind in ORDERED:
        return usual_range(column, limits_of(column, rules))
    if kind in TEXTS:
        return Text(_text_bytes(*length_limits(column, rules)))
    if rules:
        raise NoGenerator(f"has the type {declared}, with constraints")
    return _of_type(kind, declared)


def listed_values(rules: Iterable[Rule]) -> tuple[str, ...] | None:
    """Return the only values that constraints allow; None if they list none."""
    found: tuple[str, ...] | None = None
    for rule in rules:
        if rule.operator in {"in", "="} and not rule.of_length:
            found = tuple(x for x in rule.values if found is None or x in found)
    return found


def usual_range(column: CatalogColumn, limits: Limits) -> Range:
    """Return the usual range of a type, moved into the limits.

    Raises:
        NoGenerator: No value is within the limits.
    """
    kind, step = column.column.type, step_of(column)
    low, high = (number_of(x, kind) for x in (_DAYS if kind in DATES else _NUMBERS))
    width = high - low
    if limits.low is not None:
        low = max(low, limits.low)
        high = high if low <= high else low + width
    if limits.high is not None and limits.high < high:
        high = limits.high
        if low > high:
            low = high - width if limits.low is None else max(limits.low, high - width)
    low = (low / step).to_integral_value(ROUND_CEILING) * step
    high = (high / step).to_integral_value(ROUND_FLOOR) * step
    if low > high:
        raise NoGenerator("has constraints that no value satisfies")
    return make_range(column, low, high)


def make_range(column: CatalogColumn, low: Decimal, high: Decimal) -> Range:
    """Return the generator of the values of a column between two numbers, both included.

    Raises:
        NoGenerator: k6 cannot choose among so many decimal numbers.
    """
    kind = column.column.type
    of: Literal["integer", "decimal", "float", "date", "timestamp"] = "timestamp"
    scale = 0
    if kind in INTEGERS:
        of = "integer"
    elif kind == "numeric":
        of, scale = "decimal", _scale(low, high, step_of(column))
    elif kind in FLOATS:
        of = "float"
    elif kind == "date":
        of = "date"
    return Range(text_of(low, kind), text_of(high, kind), of, scale)


def _scale(low: Decimal, high: Decimal, step: Decimal) -> int:
    """Return the most decimals, up to those of a step, with which k6 has the numbers."""
    most = max(0, -int(step.as_tuple().exponent))
    needed = max(0, *(-int(x.normalize().as_tuple().exponent) for x in (low, high)))
    for scale in range(most, needed - 1, -1):
        if max(abs(low), abs(high)).scaleb(scale) <= HIGHEST:
            return scale
    raise NoGenerator(f"range: a limit with {needed} decimals is not a number of 64 bits")


def varies(generator: Generator) -> bool:
    """Return whether a generator makes at least two values."""
    match generator:
        case Choice(values=values, weights=weights):
            chances = weights or [1] * len(values)
            return len({x for x, chance in zip(values, chances, strict=True) if chance}) > 1
        case Range(min=low, max=high):
            return low != high
        case _:
            return True


def has_few_values(generator: Generator) -> bool:
    """Return whether a generator often makes the same value twice in a row."""
    return isinstance(generator, Choice | Boolean)


def _satisfies(value: str, column: CatalogColumn, rules: Sequence[Rule]) -> bool:
    """Return whether a listed value is within the other constraints."""
    if column.column.type not in ORDERED:
        return True
    within = limits_of(column, [rule for rule in rules if rule.operator != "<>"])
    return within.allow(number_of(value, column.column.type))


def _choice(values: Iterable[str], rules: Iterable[Rule]) -> Choice:
    excluded = {x for rule in rules if rule.operator == "<>" for x in rule.values}
    left = tuple(value for value in values if value not in excluded)
    if not left:
        raise NoGenerator("has constraints that no value satisfies")
    return Choice(left)


def _text_bytes(least: int, most: int) -> int:
    """Return the length of a text: one byte per character."""
    if least > most:
        raise NoGenerator("has constraints that no value satisfies")
    return max(least, min(_TEXT_BYTES, most))


def _of_type(kind: str, declared: str) -> Element:
    match kind:
        case "bool":
            return Boolean()
        case "uuid":
            return Uuid()
        case "bytea":
            return Bytes(_TEXT_BYTES)
        case _ if kind in JSONS:
            return Json(_JSON_BYTES)
        case _ if kind in _EXAMPLES:
            return Choice(_EXAMPLES[kind])
        case _:
            raise NoType(f"has the type {declared}, for which there is no generator")


def _of_element(column: CatalogColumn) -> Element:
    """Return the generator of an array's elements, to which the array's modifier applies."""
    if column.labels:
        return Choice(column.labels)
    own = column.column
    one = replace(column, column=replace(own, type=own.element, element=""), domain_checks=())
    found = derived(one, ())
    if not isinstance(found, Element):
        raise NoType(f"has the type {own.declared}, for which there is no generator")
    return found
