"""Custom statements: their `:name`s become the parameters `$1`, `$2`, ... of PostgreSQL."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from cdc_perf.settings import toml
from cdc_perf.settings.names import nearest
from cdc_perf.settings.workload import Statement
from cdc_perf.workload.limits import NoGenerator
from cdc_perf.workload.load_plan import Change, KeyParameter, ValueParameter
from cdc_perf.workload.overrides import value_generator

# A name is found only outside of texts, quoted names, comments, casts, and slices of arrays.
_PART = re.compile(
    r"""
      (?P<skipped>
          [eE]'(?:[^'\\]|''|\\.)*'
        | '(?:[^']|'')*'
        | "(?:[^"]|"")*"
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
        | ::
        | (?<=[\w\]]):(?=\w)
      )
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | :(?P<name>[^\W\d]\w*)
    | (?P<end>;)
    | (?P<positional>\$\d+)
    | (?P<word>[^\W\d]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class ParsedStatement:
    """A statement with PostgreSQL's parameters.

    Attributes:
        sql: Its text.
        names: The names of `$1`, `$2`, ...
        fault: Why it cannot be run; empty if it can.
    """

    sql: str
    names: tuple[str, ...]
    fault: str = ""


def parse_statement(text: str) -> ParsedStatement:
    """Return a statement with parameters in place of `:name`s; each name is one parameter."""
    names: list[str] = []
    faults: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        name = found["name"]
        if name is not None:
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"
        if found["end"] is not None:
            faults.append("has more than one statement; k6 makes one transaction of each change")
        if found["positional"] is not None:
            faults.append(f"has {found['positional']}; use :name")
        if (found["word"] or "").lower() == "returning":
            faults.append("has RETURNING, which is added to read the row; remove it")
        return found[0]

    # A clause is added at the end, which a comment would hide.
    plain = _PART.sub(lambda found: " " if found["comment"] else found[0], text)
    replaced_text = _PART.sub(replaced, _without_end(plain)).strip()
    return ParsedStatement(replaced_text, tuple(names), faults[0] if faults else "")


def _without_end(text: str) -> str:
    """Return a statement without a semicolon at its end."""
    return text.strip().removesuffix(";")


def statement_change(
    name: str, statement: Statement, key: Sequence[str]
) -> tuple[Change | None, tuple[tuple[str, str], ...]]:
    """Return the change that a statement makes, or its faults: the setting, and the reason.

    Args:
        name: The name of the statement.
        statement: The statement.
        key: The key of its table.
    """
    parsed = parse_statement(statement.sql)
    # A new row has no key yet.
    usable = () if statement.operation == "insert" else tuple(key)
    faults = [*_name_faults(parsed, statement, usable)]
    parameters: list[KeyParameter | ValueParameter] = []
    for each in parsed.names:
        rule = statement.values.get(each)
        if rule is None:
            parameters.append(KeyParameter(each))
            continue
        try:
            parameters.append(ValueParameter(value_generator(rule)))
        except NoGenerator as reason:
            faults.append((f"values.{toml.key(each)}", str(reason)))
    if faults:
        return None, tuple(faults)
    change = Change(
        name=name,
        operation=statement.operation,
        table=statement.table,
        weight=statement.weight,
        keys=statement.keys,
        sql=parsed.sql + _returned(statement, key),
        parameters=tuple(parameters),
    )
    return change, ()


def _name_faults(
    parsed: ParsedStatement, statement: Statement, usable: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the text of a statement and the names in it.

    Args:
        parsed: The parsed text.
        statement: The statement.
        usable: The key columns that the text may name.
    """
    if parsed.fault:
        yield "sql", parsed.fault
    known = (*usable, *statement.values)
    for each in parsed.names:
        if each not in known:
            yield "sql", f":{each} is neither a key column nor in values; {nearest(each, known)}"
    for each in statement.values:
        if each in usable:
            yield f"values.{toml.key(each)}", "has the name of a key column; use another"
        elif each not in parsed.names:
            yield f"values.{toml.key(each)}", f"sql has no :{each}"
    missing = next((each for each in usable if each not in parsed.names), None)
    if missing is not None:
        yield "sql", f"has no :{missing}: a statement changes one row, by its key"


def _returned(statement: Statement, key: Sequence[str]) -> str:
    """Return the clause by which an insert returns the key of the new row."""
    if statement.operation != "insert":
        return ""
    return " RETURNING " + ", ".join(sql.Identifier(each).as_string() for each in key)
