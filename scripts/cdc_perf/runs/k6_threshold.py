"""One of k6's own thresholds, with its outcome in k6."""

from dataclasses import dataclass
from functools import cached_property

from cdc_perf.results.k6_expression import K6Expression, parse_k6_expression


@dataclass(frozen=True)
class K6Threshold:
    """One threshold of k6.

    Attributes:
        metric: The metric's or sub-metric's name, as spelled in the file.
        source: The expression, as spelled in the file; empty if no file has it.
        ok: Whether it holds; None if unknown.
        observed: The observed value; None if there is none.
        samples: The number of samples; None if unknown.
        needed: The number of samples that the stat needs; 0 if unknown.
        unit: The stat's unit.
        reason: Why the outcome is unknown; else empty.
    """

    metric: str
    source: str
    ok: bool | None
    observed: float | None = None
    samples: int | None = None
    needed: int = 0
    unit: str = ""
    reason: str = ""

    @cached_property
    def expression(self) -> K6Expression | None:
        """The parsed expression; None if it cannot be parsed."""
        return parse_k6_expression(self.source)

    @property
    def name(self) -> str:
        """The metric and the expression."""
        return f"{self.metric} {self.source}".strip()
