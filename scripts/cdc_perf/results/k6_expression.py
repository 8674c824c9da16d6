"""The thresholds that k6 accepts, which are more than those of thresholds.json.

https://github.com/grafana/k6/blob/v1.8.1/metrics/thresholds_parser.go
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

# In k6's search order: `<=` before `<`.
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "<=": operator.le,
        "<": operator.lt,
        ">=": operator.ge,
        ">": operator.gt,
        "===": operator.eq,
        "==": operator.eq,
        "!=": operator.ne,
    }
)
_METHODS = ("value", "count", "rate", "avg", "min", "med", "max")
# Go's strconv.ParseFloat; a hexadecimal number must have an exponent.
_DECIMAL = re.compile(r"[+-]?(?:inf|infinity|nan|[0-9._]+(?:e[+-]?[0-9_]+)?)", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[+-]?0x[0-9a-f._]+p[+-]?[0-9]+", re.IGNORECASE)


@dataclass(frozen=True)
class K6Expression:
    """A threshold as k6 parses it.

    Attributes:
        method: `value`, `count`, `rate`, `avg`, `min`, `med`, `max`, or `p` for a percentile.
        percentile: 95 for `p(95)`; None for other methods.
        operator: As spelled: `<`, `===`.
        limit: The right-hand side; can be infinite or NaN.
    """

    method: str
    percentile: float | None
    operator: str
    limit: float

    @property
    def stat(self) -> str:
        """The stat in this project's spelling: `p95`, `avg`."""
        return self.method if self.percentile is None else f"p{plain(self.percentile)}"

    def holds(self, observed: float) -> bool:
        """Return whether a value meets the threshold."""
        return _OPERATORS[self.operator](observed, self.limit)


def parse_k6_expression(text: str) -> K6Expression | None:
    """Return a threshold as k6 parses it; None if k6 would reject it."""
    for sign in _OPERATORS:
        left, _, right = text.partition(sign)
        if right:
            break
    else:
        return None
    method, limit = left.strip(), go_float(right.strip())
    if limit is None:
        return None
    if method in _METHODS:
        return K6Expression(method, None, sign, limit)
    # k6 reads a bare `p` as the percentile 0.
    percentile = 0.0 if method == "p" else percentile_of(method)
    return None if percentile is None else K6Expression("p", percentile, sign, limit)


def percentile_of(stat: str) -> float | None:
    """Return 95 for `p(95)`, in any spelling of the number; None for another stat."""
    if not (stat.startswith("p(") and stat.endswith(")")):
        return None
    return go_float(stat[2:-1])


def go_float(text: str) -> float | None:
    """Return the number that Go's strconv.ParseFloat reads from a text, or None."""
    try:
        if _HEXADECIMAL.fullmatch(text):
            return float.fromhex(text.replace("_", ""))
        return float(text) if _DECIMAL.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


def plain(number: float) -> str:
    """Return a number without a `.0`."""
    return f"{number:.15g}"
