"""Thresholds as expressions: stats, operators, and the form that k6 evaluates."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from operator import ge, gt, le, lt
from types import MappingProxyType

from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.numbers import js_number

# The slope of a gauge's values, in the metric's unit per hour.
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
    """The comparisons of a threshold; k6's `==` and `!=` are not supported."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"

    def holds(self, observed: float, limit: float) -> bool:
        """Return whether `observed` meets the threshold."""
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
    """A threshold in k6's form.

    Attributes:
        stat: The stat in this project's spelling: `p95`, `rate`.
        operator: The comparison that must hold.
        limit: Its right-hand side, finite.
    """

    stat: str
    operator: Operator
    limit: float

    @property
    def k6_stat(self) -> str:
        """The stat in k6's spelling, in expressions and in the summary: `p(95)`, `rate`."""
        return f"p({self.stat[1:]})" if self.stat.startswith("p") else self.stat

    @property
    def share(self) -> float | None:
        """The share of samples below a percentile, 0.95 for `p95`; None for other stats."""
        if self.stat == "med":
            return 0.5
        return float(Fraction(self.stat[1:]) / 100) if self.stat.startswith("p") else None

    @property
    def k6(self) -> str:
        """The expression for k6: k6's stat, operator, and `String(limit)`, without spaces."""
        return f"{self.k6_stat}{self.operator}{js_number(self.limit)}"


def parse_expression(text: str) -> Expression | None:
    """Parse an expression of thresholds.json; return None if it is malformed.

    The format is `STAT OPERATOR NUMBER`, with optional spaces around each. STAT is in this
    project's spelling (`p95`) or k6's (`p(95)`); OPERATOR is one of `<= < >= >`; NUMBER consists of
    digits with at most one point between them. JavaScript too gives k6 the normal form,
    `Expression.k6`: `"p95 < 2000.0"` becomes `p(95)<2000`, `"rate<0.0000001"` becomes `rate<1e-7`.
    A plain number follows the same rule, with `<=` or `>=`.

    The number may overflow to infinity; the caller checks whether it makes sense.
    """
    match = _EXPRESSION.fullmatch(text)
    if not match:
        return None
    stat = match["stat"].replace("(", "").replace(")", "")
    return Expression(stat, Operator(match["operator"]), float(match["limit"]))
