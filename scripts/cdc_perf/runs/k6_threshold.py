"""One of k6's own thresholds, with the state that k6 found."""

from dataclasses import dataclass
from functools import cached_property

from cdc_perf.results.k6_expression import K6Expression, parse_k6_expression


@dataclass(frozen=True)
class K6Threshold:
    """One threshold of k6's.

    Attributes:
        metric: The metric's or sub-metric's name, as it is spelled.
        source: The expression, as it is spelled; empty where no file has it.
        ok: Whether it holds; None where that cannot be told.
        observed: What was observed; None where nothing was.
        samples: How many samples there are; None if unknown.
        needed: How many a stat needs; 0 where no number says.
        unit: Of the stat.
        reason: Why it cannot be told; else empty.
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
        """What k6 takes it for; None of one that this cannot read."""
        return parse_k6_expression(self.source)

    @property
    def name(self) -> str:
        """The metric and the expression."""
        return f"{self.metric} {self.source}".strip()
