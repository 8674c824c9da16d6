"""CHECK constraints of the simple kinds, read from PostgreSQL's text of them.

Simple is a comparison of one column with a constant, of its length with a number, a list of
values, or a conjunction of these. PostgreSQL prints BETWEEN as two comparisons, and IN as
`= ANY (ARRAY[])`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Operator = Literal["<", "<=", ">", ">=", "=", "<>", "in"]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>E?'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<sign>::|<=|>=|<>|!=|[()\[\],.=<>+-])
    )""",
    re.VERBOSE,
)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_LENGTHS = frozenset(("length", "char_length", "character_length", "octet_length"))
# An opening parenthesis is read in two ways, so each level doubles the work.
_DEEPEST = 12
# The name of a domain's value in its constraints.
VALUE = "VALUE"


@dataclass(frozen=True)
class Rule:
    """What a constraint demands of one column.

    Attributes:
        column: The column; VALUE in a domain's constraint.
        operator: How the column is compared; `in`: it is one of the values.
        values: The constants, as texts.
        of_length: Whether the length of the text is compared, not the value.
    """

    column: str
    operator: Operator
    values: tuple[str, ...]
    of_length: bool = False


class _Unknown(Exception):  # noqa: N818 - not an error: the constraint is not simple
    """The constraint is of no simple kind."""


def rules_of(definition: str) -> tuple[Rule, ...] | None:
    """Return what a constraint demands; None if it is not of a simple kind.

    Args:
        definition: The text of `pg_get_constraintdef`: `CHECK ((qty > 0))`.
    """
    found = re.fullmatch(
        r"CHECK (\(.*\))(?: NO INHERIT)?(?: NOT VALID)?(?: NOT ENFORCED)?", definition, re.DOTALL
    )
    if found is None:
        return None
    try:
        reader = _Reader(tuple(_tokens(found[1])))
        rules = reader.conjunction()
        reader.end()
    except _Unknown:
        return None
    return tuple(rules)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


@dataclass(frozen=True)
class _Column:
    name: str
    of_length: bool = False


@dataclass(frozen=True)
class _Constant:
    values: tuple[str, ...]
    is_list: bool = False


_Operand = _Column | _Constant


def _tokens(text: str) -> Iterable[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _Unknown
        yield _Token(found.lastgroup or "", found[found.lastgroup or 0])
        at = found.end()


class _Reader:
    """Reads the tokens of a condition, by recursive descent."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def conjunction(self) -> list[Rule]:
        """Read conditions that are joined by AND, or by an OR that only lists values."""
        rules = self._condition()
        if self._skip("OR"):
            others = [self._condition()]
            while self._skip("OR"):
                others.append(self._condition())
            return _listed((rules, *others))
        while self._skip("AND"):
            rules += self._condition()
        return rules

    def end(self) -> None:
        """Expect the end."""
        if self._at < len(self._tokens):
            raise _Unknown

    def _condition(self) -> list[Rule]:
        """Read a comparison, or a condition in parentheses."""
        start, depth = self._at, self._depth
        if self._skip("(") and depth < _DEEPEST:
            self._depth += 1
            try:
                rules = self.conjunction()
                self._expect(")")
            except _Unknown:
                # The parenthesis begins an operand.
                pass
            else:
                return rules
            finally:
                self._depth = depth
        self._at = start
        return self._comparison()

    def _comparison(self) -> list[Rule]:
        left = self._operand()
        if self._skip("IS"):
            return self._null_test(left)
        operator = self._operator()
        if operator == "=" and self._skip("ANY"):
            self._expect("(")
            right = self._operand()
            self._expect(")")
            if isinstance(left, _Column) and isinstance(right, _Constant) and right.is_list:
                return [Rule(left.name, "in", right.values, left.of_length)]
            raise _Unknown
        if operator == "<>" and self._skip("ALL"):
            self._expect("(")
            right = self._operand()
            self._expect(")")
            if isinstance(left, _Column) and isinstance(right, _Constant) and right.is_list:
                return [Rule(left.name, "<>", (x,), left.of_length) for x in right.values]
            raise _Unknown
        right = self._operand()
        if isinstance(left, _Constant) and isinstance(right, _Column):
            left, right, operator = right, left, _TURNED[operator]
        if not isinstance(left, _Column) or not isinstance(right, _Constant) or right.is_list:
            raise _Unknown
        return [_rule(left, operator, right.values)]

    def _null_test(self, operand: _Operand) -> list[Rule]:
        """Read IS NOT NULL, which demands nothing of a value that is there."""
        if isinstance(operand, _Column) and self._skip("NOT") and self._skip("NULL"):
            return []
        raise _Unknown

    def _operator(self) -> str:
        token = self._next()
        operator = "<>" if token.text == "!=" else token.text
        if token.kind != "sign" or operator not in _TURNED:
            raise _Unknown
        return operator

    def _operand(self) -> _Operand:
        operand = self._plain_operand()
        while self._skip("::"):
            self._type()
        return operand

    def _plain_operand(self) -> _Operand:
        if self._skip("("):
            operand = self._operand()
            self._expect(")")
            return operand
        if self._skip("-"):
            return _Constant(("-" + self._number(),))
        token = self._next()
        match token.kind:
            case "text" if not token.text.startswith("E"):
                return _Constant((token.text[1:-1].replace("''", "'"),))
            case "number":
                return _Constant((token.text,))
            case "quoted":
                return _Column(token.text[1:-1].replace('""', '"'))
            case "word":
                return self._word(token.text)
            case _:
                raise _Unknown

    def _word(self, word: str) -> _Operand:
        if word in {"true", "false"}:
            return _Constant((word,))
        if word == "ARRAY":
            return _Constant(self._list(), is_list=True)
        if word in _LENGTHS and self._skip("("):
            operand = self._operand()
            self._expect(")")
            if isinstance(operand, _Column):
                return _Column(operand.name, of_length=True)
            raise _Unknown
        return _Column(word)

    def _list(self) -> tuple[str, ...]:
        self._expect("[")
        values: list[str] = []
        while True:
            operand = self._operand()
            if not isinstance(operand, _Constant) or operand.is_list:
                raise _Unknown
            values += operand.values
            if self._skip("]"):
                return tuple(values)
            self._expect(",")

    def _number(self) -> str:
        token = self._next()
        if token.kind != "number":
            raise _Unknown
        return token.text

    def _type(self) -> None:
        """Read the name of a type: `numeric(12,2)`, `character varying[]`, `"Shop"."Mood"`."""
        if self._next().kind not in {"word", "quoted"}:
            raise _Unknown
        while self._skip("."):
            self._next()
        while self._peek().kind == "word" and self._peek().text in {
            *("varying", "precision", "with", "without", "time", "zone"),
        }:
            self._next()
        if self._peek().text == "(":
            while not self._skip(")"):
                self._next()
        while self._skip("["):
            self._expect("]")

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _Token("", "")

    def _next(self) -> _Token:
        token = self._peek()
        if not token.kind:
            raise _Unknown
        self._at += 1
        return token

    def _skip(self, text: str) -> bool:
        token = self._peek()
        if token.text != text or token.kind not in {"sign", "word"}:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise _Unknown


def _rule(column: _Column, operator: str, values: tuple[str, ...]) -> Rule:
    match operator:
        case "<" | "<=" | ">" | ">=" | "=" | "<>":
            return Rule(column.name, operator, values, column.of_length)
        case _:
            raise _Unknown


def _listed(alternatives: Iterable[list[Rule]]) -> list[Rule]:
    """Return the list of values that `a = 1 OR a = 2` is; other alternatives are not simple."""
    rules = [rule for each in alternatives for rule in each]
    columns = {(rule.column, rule.of_length) for rule in rules}
    if len(columns) != 1 or any(len(each) != 1 for each in alternatives):
        raise _Unknown
    if any(rule.operator not in {"=", "in"} for rule in rules):
        raise _Unknown
    values = tuple(value for rule in rules for value in rule.values)
    ((column, of_length),) = columns
    return [Rule(column, "in", values, of_length)]


def partition_rules(key: str, bounds: Sequence[str]) -> tuple[Rule, ...] | None:
    """Return what the partitions of a table demand of its key; None if that is not simple.

    Rows of a table with a default partition, and of one that is partitioned by hash, may have any
    value.

    Args:
        key: The key, as `pg_get_partkeydef` prints it: `RANGE (day)`; empty if there is none.
        bounds: The bounds of the partitions: `FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`.
    """
    kind, _, columns = key.partition(" ")
    if not key or kind == "HASH" or "DEFAULT" in bounds:
        return ()
    name = re.fullmatch(r'\(([^\W\d][\w$]*|"(?:[^"]|"")+")\)', columns)
    if name is None:
        return None
    column = name[1][1:-1].replace('""', '"') if name[1].startswith('"') else name[1]
    try:
        if kind == "LIST":
            return (Rule(column, "in", tuple(_list_values(bounds))),)
        return _range_rules(column, bounds)
    except _Unknown:
        return None


def _list_values(bounds: Iterable[str]) -> Iterable[str]:
    for bound in bounds:
        found = re.fullmatch(r"FOR VALUES IN \((.*)\)", bound, re.DOTALL)
        if found is None:
            raise _Unknown
        for token in _tokens(found[1]):
            if token.kind == "text":
                yield token.text[1:-1].replace("''", "'")
            elif token.kind in {"number", "word"} and token.text != "NULL":
                yield token.text


def _range_rules(column: str, bounds: Sequence[str]) -> tuple[Rule, ...]:
    """Return the range of the partition that PostgreSQL lists last."""
    if not bounds:
        raise _Unknown
    value = r"('(?:[^']|'')*'|-?[\d.]+|MINVALUE|MAXVALUE)"
    found = re.fullmatch(rf"FOR VALUES FROM \({value}\) TO \({value}\)", bounds[-1])
    if found is None:
        raise _Unknown
    rules = []
    for operator, text in zip((">=", "<"), found.groups(), strict=True):
        if not text.endswith("VALUE"):
            rules.append(_rule(_Column(column), operator, (text.strip("'"),)))
    return tuple(rules)
