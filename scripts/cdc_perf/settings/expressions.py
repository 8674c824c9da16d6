"""What can be limited and how: stats, operators and the expressions that k6 judges."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from operator import ge, gt, le, lt
from types import MappingProxyType

from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.numbers import js_number

# How fast the values of a gauge rise, in the metric's unit an hour.
GROWTH = "growth_per_hour"
STATS: Mapping[MetricType, tuple[str, ...]] = MappingProxyType(
    {
        MetricType.TREND: (
            *("avg", "min", "med", "max", "p50", "p90", "p95", "p99", "p99.9"),
            "count",
        ),
        MetricType.RATE: ("rate",),
        MetricType.COUNTER: ("count", "rate"),
        MetricType.GAUGE: ("value", "avg", "min", "max", "p50", "p90", "p95", "p99", GROWTH),
        MetricType.HISTOGRAM: ("avg", "p50", "p90", "p95", "p99", "p99.9"),
    }
)

_STAT = r"[a-z_]+|p[0-9.]+|p\([0-9.]+\)"
_EXPRESSION = re.compile(
    rf" *(?P<stat>{_STAT}) *(?P<operator>[<>]=?) *(?P<limit>[0-9]+(?:\.[0-9]+)?) *"
)


class Operator(StrEnum):
    """The comparisons that make a limit; k6's `==` and `!=` make none."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"

    def holds(self, observed: float, limit: float) -> bool:
        """Return whether `observed` keeps the limit."""
        return _COMPARE[self](observed, limit)


_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = MappingProxyType(
    {
        Operator.AT_MOST: le,
        Operator.BELOW: lt,
        Operator.AT_LEAST: ge,
        Operator.ABOVE: gt,
    }
)


@dataclass(frozen=True)
class Expression:
    """A limit as k6 puts it.

    Attributes:
        stat: The stat in our spelling: `p95`, `rate`.
        operator: The comparison that has to hold.
        limit: Its right-hand side, finite.
    """

    stat: str
    operator: Operator
    limit: float

    @property
    def k6_stat(self) -> str:
        """The stat in k6's spelling, in expressions as in the summary: `p(95)`, `rate`."""
        return f"p({self.stat[1:]})" if self.stat.startswith("p") else self.stat

    @property
    def share(self) -> float | None:
        """The share of samples below a percentile, 0.95 for `p95`; None of another stat."""
        if self.stat == "med":
            return 0.5
        return float(Fraction(self.stat[1:]) / 100) if self.stat.startswith("p") else None

    @property
    def k6(self) -> str:
        """The text given to k6: k6's stat, operator and `String(limit)`, without spaces."""
        return f"{self.k6_stat}{self.operator}{js_number(self.limit)}"


def parse_expression(text: str) -> Expression | None:
    """Return what a string in thresholds.json says, or None where it is no such expression.

    The form is `STAT OPERATOR NUMBER`, spaces allowed around each. STAT is in our spelling (`p95`)
    or in k6's (`p(95)`), OPERATOR one of `<= < >= >`, NUMBER made of digits with at most one point
    within. k6 is given its normal form, `Expression.k6`, by JavaScript too: `"p95 < 2000.0"`
    becomes `p(95)<2000`, `"rate<0.0000001"` becomes `rate<1e-7`. A plain number is written by the
    same rule, with `<=` or `>=`.

    The number may overflow to infinity; whether it is sensible is judged by the reader of the file.
    """
    match = _EXPRESSION.fullmatch(text)
    if not match:
        return None
    stat = match["stat"].replace("(", "").replace(")", "")
    return Expression(stat, Operator(match["operator"]), float(match["limit"]))
