"""The results of one scenario of a run, and the metrics that every summary of it shows."""

from dataclasses import dataclass

from cdc_perf.faults.recovery import Recovery
from cdc_perf.results.hops import Hops
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.verdict.records import ScenarioVerdict

LATENCY = "cdc_e2e_latency{phase:steady}"
WRITE = "pg_write_duration{phase:steady}"
# k6's spelling by this project's.
LATENCY_STATS = {"p50": "p(50)", "p95": "p(95)", "p99": "p(99)"}


@dataclass(frozen=True)
class Row:
    """A scenario's row in the result table.

    Attributes:
        verdict: The verdict on it.
        summary: k6's summary.
        hops: The latency of each hop; None if not measured.
        recoveries: The recovery from each fault that was injected.
    """

    verdict: ScenarioVerdict
    summary: Summary | NoSummary
    hops: Hops | None = None
    recoveries: tuple[Recovery, ...] = ()
