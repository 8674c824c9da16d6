"""The limits that a column's type and constraints set to a number, a time, or a text's length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, InvalidOperation

from cdc_perf.settings.workload import moment
from cdc_perf.workload.catalog import CatalogColumn
from cdc_perf.workload.constraints import Rule

INTEGERS: Mapping[str, tuple[int, int]] = {
    "int2": (-(2**15), 2**15 - 1),
    "int4": (-(2**31), 2**31 - 1),
    "int8": (-(2**63), 2**63 - 1),
}
FLOATS = frozenset(("float4", "float8"))
DATES = frozenset(("date", "timestamp", "timestamptz"))
TEXTS = frozenset(("text", "varchar", "bpchar", "citext", "name"))
# Types whose values have an order and a distance.
ORDERED = frozenset((*INTEGERS, *FLOATS, *DATES, "numeric"))
LONGEST = 1_000_000
_NAME_BYTES = 63
# PostgreSQL adds this to the modifier of a type.
_HEADER = 4
_SCALE = 2
# More of them leave few digits before the point: k6 chooses among numbers of 64 bits.
_MOST_DECIMALS = 9
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - PostgreSQL adds the zone


class NoGenerator(Exception):  # noqa: N818 - a reason, which the caller reports with others
    """No generator fits a column; the message continues its name: `has the type ...`."""


class NoType(NoGenerator):
    """There is no generator of the type; a column that may be null is left out."""


@dataclass(frozen=True)
class Limits:
    """The lowest and the highest number; None: unlimited."""

    low: Decimal | None = None
    high: Decimal | None = None

    def above(self, value: Decimal) -> "Limits":
        """Return limits whose lower end is at least that."""
        return replace(self, low=value if self.low is None else max(self.low, value))

    def below(self, value: Decimal) -> "Limits":
        """Return limits whose upper end is at most that."""
        return replace(self, high=value if self.high is None else min(self.high, value))

    def allow(self, value: Decimal) -> bool:
        """Return whether a value is within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def number_of(text: str, kind: str) -> Decimal:
    """Return a value as a number: itself, a date's days, or a timestamp's seconds.

    Args:
        text: The value, in PostgreSQL's or ISO 8601's form.
        kind: The name of its type in pg_type.

    Raises:
        ValueError: The text is no such value.
    """
    if kind in DATES:
        passed = moment(text) - _EPOCH
        seconds = Decimal(passed // timedelta(microseconds=1)).scaleb(-6)
        return (seconds / 86_400).to_integral_value(ROUND_FLOOR) if kind == "date" else seconds
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return number


def text_of(number: Decimal, kind: str) -> str:
    """Return the text of a number that `number_of` returned."""
    if kind == "date":
        return f"{_EPOCH + timedelta(days=int(number)):%Y-%m-%d}"
    if kind in DATES:
        return (_EPOCH + timedelta(microseconds=int(number.scaleb(6)))).isoformat(sep=" ")
    return f"{number:f}"


def step_of(column: CatalogColumn) -> Decimal:
    """Return the distance of two values that are generated for a column."""
    kind = column.column.type
    if kind == "numeric":
        scale = column.column.scale
        return Decimal(1).scaleb(-min(scale if scale is not None else _SCALE, _MOST_DECIMALS))
    if kind in FLOATS:
        return Decimal("0.001")
    return Decimal("0.000001") if kind in {"timestamp", "timestamptz"} else Decimal(1)


def limits_of(column: CatalogColumn, rules: Sequence[Rule]) -> Limits:
    """Return the limits of a number or a time, from its type and its constraints.

    Raises:
        NoGenerator: A constraint excludes a value between the limits, or is about something else.
    """
    limits = _of_type(column)
    for rule in rules:
        if not rule.of_length and rule.operator not in {"in", "="}:
            limits = _with_rule(limits, rule, column)
    return limits


def _of_type(column: CatalogColumn) -> Limits:
    kind, scale = column.column.type, column.column.scale
    if kind in INTEGERS:
        least, most = INTEGERS[kind]
        return Limits(Decimal(least), Decimal(most))
    if kind == "numeric" and scale is not None:
        digits = ((column.column.modifier - _HEADER) >> 16) & 0xFFFF
        highest = Decimal(1).scaleb(digits - scale) - step_of(column)
        return Limits(-highest, highest)
    return Limits()


def _with_rule(limits: Limits, rule: Rule, column: CatalogColumn) -> Limits:
    step = step_of(column)
    try:
        value = number_of(rule.values[0], column.column.type)
    except ValueError:
        raise NoGenerator(f"has a constraint with {rule.values[0]!r}") from None
    match rule.operator:
        case ">=":
            return limits.above(value)
        case ">":
            return limits.above(value + step)
        case "<=":
            return limits.below(value)
        case "<":
            return limits.below(value - step)
        case _ if value == 0:
            # The usual values are above 0.
            return limits.above(step)
        case _:
            raise NoGenerator(f"has a constraint that excludes {rule.values[0]}")


def declared_length(column: CatalogColumn) -> int | None:
    """Return the most characters of a text type; None if there is no limit."""
    kind, modifier = column.column.type, column.column.modifier
    if kind == "name":
        return _NAME_BYTES
    return modifier - _HEADER if kind in {"varchar", "bpchar"} and modifier >= _HEADER else None


def length_limits(column: CatalogColumn, rules: Sequence[Rule]) -> tuple[int, int]:
    """Return the lowest and the highest length of a text that is not empty.

    Raises:
        NoGenerator: A constraint is about the order of texts, or excludes a length.
    """
    limits = Limits(Decimal(1), Decimal(declared_length(column) or LONGEST))
    for rule in rules:
        if not rule.of_length:
            # Generated texts are not empty, and equal a constant at most by chance.
            if rule.operator != "<>":
                raise NoGenerator("has a constraint on the order of texts")
            continue
        length = number_of(rule.values[0], "int4")
        match rule.operator:
            case "<" | "<=":
                limits = limits.below(length - (rule.operator == "<"))
            case ">" | ">=":
                limits = limits.above(length + (rule.operator == ">"))
            case "=" | "in":
                limits = limits.above(length).below(length)
            case _ if length != 0:
                raise NoGenerator(f"has a constraint that excludes the length {length}")
    return int(limits.low or 1), int(limits.high or LONGEST)
