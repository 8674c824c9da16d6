"""The generators that the user sets in workload.toml, checked against a column."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from cdc_perf.settings.names import nearest
from cdc_perf.settings.workload import ColumnRule
from cdc_perf.workload.catalog import CatalogColumn
from cdc_perf.workload.constraints import Rule
from cdc_perf.workload.generators import JSONS, listed_values, make_range
from cdc_perf.workload.limits import (
    FLOATS,
    ORDERED,
    TEXTS,
    NoGenerator,
    declared_length,
    length_limits,
    limits_of,
    number_of,
    step_of,
    text_of,
)
from cdc_perf.workload.load_plan import Choice, Generator, Json, Range, SequenceText, Sql, Text

Bounds = tuple[int | float | str, int | float | str]
_DAY = "2024-01-01"


def generator_of(rule: ColumnRule, column: CatalogColumn, rules: Sequence[Rule]) -> Generator:
    """Return the generator that the user sets for a column.

    Args:
        rule: The user's setting, which has a generator.
        column: The column.
        rules: What is known of its constraints.

    Raises:
        NoGenerator: It does not fit the column's type, or contradicts a constraint.
    """
    # A single excluded value contradicts no range.
    known = [each for each in rules if each.operator != "<>"]
    match rule:
        case ColumnRule(sql=str(sql)):
            return Sql(sql)
        case ColumnRule(range=(low, high)):
            return _range((low, high), column, known)
        case ColumnRule(choice=choice) if choice is not None:
            return _choice(choice, column, rules)
        case ColumnRule(json=int(length)):
            _expect_type(column, {*JSONS, *TEXTS}, "json")
            _expect_length(length, column, known, "json")
            return Json(length)
        case ColumnRule(sequence=str(layout)):
            _expect_type(column, TEXTS, "sequence")
            longest = declared_length(column)
            # The number has at least one digit.
            if longest is not None and len(layout.replace("{}", "1")) > longest:
                raise NoGenerator(f"sequence: is longer than {column.column.declared} allows")
            return SequenceText(layout)
        case _:
            _expect_type(column, TEXTS, "text")
            _expect_length(rule.text or 0, column, known, "text")
            return Text(rule.text or 0)


def value_generator(rule: ColumnRule) -> Generator:
    """Return the generator of a value in a custom statement, whose type is not known.

    Raises:
        NoGenerator: It is an SQL expression, no generator at all, or has nulls.
    """
    if rule.nulls is not None:
        raise NoGenerator("nulls: a statement's values are never null")
    match rule:
        case ColumnRule(range=(low, high)):
            return _untyped_range((low, high))
        case ColumnRule(choice=choice) if choice is not None:
            return Choice(tuple(map(_text, choice)), _weights(choice))
        case ColumnRule(text=int(length)):
            return Text(length)
        case ColumnRule(sequence=str(layout)):
            return SequenceText(layout)
        case ColumnRule(json=int(length)):
            return Json(length)
        case ColumnRule(sql=str()):
            raise NoGenerator("sql: write the expression into the statement")
        case _:
            raise NoGenerator("has no generator; set range, choice, text, sequence, or json")


def _range(bounds: Bounds, column: CatalogColumn, rules: Sequence[Rule]) -> Range:
    kind, declared = column.column.type, column.column.declared
    _expect_type(column, ORDERED, "range")
    try:
        low, high = (number_of(str(each), kind) for each in bounds)
    except ValueError:
        raise NoGenerator(f"range: its type is {declared}") from None
    limits = limits_of(column, rules)
    for each in (low, high):
        if not limits.allow(each):
            raise NoGenerator(
                f"range: {text_of(each, kind)} is not allowed by its type or a constraint"
            )
    if kind not in FLOATS and any(each % step_of(column) for each in (low, high)):
        raise NoGenerator(f"range: a limit has more decimals than the type {declared}, or than 9")
    listed = listed_values(rules)
    if listed is not None:
        raise NoGenerator(f"range: a constraint allows only {', '.join(listed)}; use choice")
    return make_range(column, low, high)


def _choice(
    given: Sequence[object] | Mapping[str, float], column: CatalogColumn, rules: Sequence[Rule]
) -> Choice:
    values = tuple(map(_text, given))
    lists = [listed_values(rules), column.labels if column.column.is_enum else None]
    for value in values:
        for known in lists:
            if known is not None and value not in known:
                raise NoGenerator(f"choice: {value!r} is not allowed; {nearest(value, known)}")
        fault = _value_fault(value, column, rules)
        if fault:
            raise NoGenerator(f"choice: {value!r} {fault}")
    return Choice(values, _weights(given))


def _value_fault(value: str, column: CatalogColumn, rules: Sequence[Rule]) -> str:
    kind, declared = column.column.type, column.column.declared
    if any(rule.operator == "<>" and value in rule.values for rule in rules if not rule.of_length):
        return "is excluded by a constraint"
    if kind in TEXTS:
        longest = declared_length(column)
        return f"is longer than {declared} allows" if longest and len(value) > longest else ""
    if kind in ORDERED:
        try:
            number = number_of(value, kind)
        except ValueError:
            return f"is not a value of the type {declared}"
        limits = limits_of(column, [rule for rule in rules if rule.operator != "<>"])
        return "" if limits.allow(number) else "is not allowed by its type or a constraint"
    if kind == "bool" and value not in {"true", "false"}:
        return "is not true or false"
    return ""


def _expect_type(column: CatalogColumn, kinds: frozenset[str] | set[str], generator: str) -> None:
    if column.column.element or column.column.type not in kinds:
        raise NoGenerator(f"{generator}: does not fit the type {column.column.declared}")


def _expect_length(
    length: int, column: CatalogColumn, rules: Sequence[Rule], generator: str
) -> None:
    if column.column.type not in TEXTS:
        return
    least, most = length_limits(column, [rule for rule in rules if rule.of_length])
    if not least <= length <= most:
        limit = f"at most {most}" if length > most else f"at least {least}"
        raise NoGenerator(f"{generator}: its type or a constraint allows {limit} characters")


def _untyped_range(bounds: Bounds) -> Range:
    low, high = map(str, bounds)
    if isinstance(bounds[0], str):
        dates = len(low) == len(high) == len(_DAY)
        return Range(low, high, "date" if dates else "timestamp")
    scale = max(-int(Decimal(each).as_tuple().exponent) for each in (low, high))
    return Range(low, high, "decimal" if scale > 0 else "integer", max(scale, 0))


def _weights(choice: Sequence[object] | Mapping[str, float]) -> tuple[float, ...]:
    return tuple(map(float, choice.values())) if isinstance(choice, Mapping) else ()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
