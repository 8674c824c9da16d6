"""What one scenario of a run comes to, and the metrics that every summary of it quotes."""

from dataclasses import dataclass

from cdc_perf.results.hops import Hops
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.verdict.records import ScenarioVerdict

LATENCY = "cdc_e2e_latency{phase:steady}"
WRITE = "pg_write_duration{phase:steady}"
# k6's spelling by ours.
LATENCY_STATS = {"p50": "p(50)", "p95": "p(95)", "p99": "p(99)"}


@dataclass(frozen=True)
class Row:
    """What the table says of one scenario.

    Attributes:
        verdict: The verdict on it.
        summary: What k6 left.
        hops: What each hop took; None where nobody looked.
    """

    verdict: ScenarioVerdict
    summary: Summary | NoSummary
    hops: Hops | None = None
