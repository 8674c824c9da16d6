"""Findings from a scenario's figures: where the time goes, what failed, and what was lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdc_perf.report.html.figures import bare, shown
from cdc_perf.report.html.k6_metrics import main_latency, sampled, times_of
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.foreign_summary import ForeignSummary
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.k6_log import OTHER
from cdc_perf.runs.row import LATENCY
from cdc_perf.runs.run_data import ScenarioData
from cdc_perf.wording import counted

# k6's name of a metric, and its meaning.
_TIMES = {
    LATENCY: "start of the iteration until k6 sees the change in the sink",
    "pg_write_duration{phase:steady}": "write to PostgreSQL (part of cdc_e2e_latency)",
    "mongo_read_duration{phase:steady}": "read from the sink (after cdc_e2e_latency)",
    "iteration_duration{phase:steady}": "a whole iteration, including think time",
    "generator_delay": "how late the load generator woke; if starved, the run is invalid",
}
_STATS = ("p(50)", "p(95)", "p(99)", "max")
_ERRORS = {
    "pg_write_errors": "failed writes to PostgreSQL",
    "mongo_documents_not_found": "changes not seen in the sink before the timeout",
    "mongo_read_errors": "failed reads from the sink",
    "dropped_iterations": "iterations not started: no virtual user was free",
}
# k6's rates whose passes count failures.
_FAILURES = {
    "http_req_failed": "failed HTTP requests",
    "browser_http_req_failed": "failed HTTP requests of a browser",
}


@dataclass(frozen=True)
class Time:
    """A measured duration in milliseconds; the stats are p50, p95, p99, and the maximum."""

    metric: str
    meaning: str
    samples: str
    stats: tuple[str, ...]


@dataclass(frozen=True)
class Errors:
    """Errors of one kind, and the first one in the log."""

    kind: str
    meaning: str
    count: str
    example: str


def times(summary: Summary | NoSummary) -> tuple[Time, ...]:
    """Return the durations that have samples."""
    if isinstance(summary, NoSummary):
        return ()
    found = []
    others = times_of(summary) if isinstance(summary, ForeignSummary) else {}
    named = {steady.removesuffix("{phase:steady}") for steady in _TIMES}
    others = {name: meaning for name, meaning in others.items() if name not in named}
    for steady, meaning in {**_TIMES, **others}.items():
        name = steady.removesuffix("{phase:steady}")
        # Only this project's scripts have a warm-up.
        metric = steady if steady in summary.metrics else name
        known = summary.metrics.get(metric)
        samples = None if known is None else sampled(known)
        if known is not None and samples != 0:
            stats = tuple(bare(summary.observed(metric, stat), "ms") for stat in _STATS)
            count = NOTHING if samples is None else f"{samples:,}"
            found.append(Time(name, meaning, count, stats))
    return tuple(found)


def errors(scenario: ScenarioData) -> tuple[Errors, ...]:
    """Return the kinds of error that occurred."""
    summary, log = scenario.summary, scenario.log
    rows = []
    for kind, meaning in _ERRORS.items():
        count = None if isinstance(summary, NoSummary) else summary.observed(kind, "count")
        if count or kind in log:
            quote = log.get(kind)
            example = f"{quote.time} {quote.message}" if quote else NOTHING
            rows.append(Errors(kind, meaning, shown(count), example))
    if not isinstance(summary, NoSummary):
        rows += [
            Errors(kind, meaning, shown(failed), NOTHING)
            for kind, meaning in _FAILURES.items()
            if (failed := summary.observed(kind, "passes"))
        ]
        rows += [
            Errors("checks", check.name, f"{check.fails:,}", NOTHING)
            for check in summary.checks
            if check.fails
        ]
    for kind in sorted(log.keys() - _ERRORS.keys()):
        meaning = "logged by k6 itself" if kind == OTHER else "logged by the k6 script"
        rows.append(Errors(kind, meaning, NOTHING, f"{log[kind].time} {log[kind].message}"))
    return tuple(rows)


def integrity(summary: Summary | NoSummary) -> str:
    """Return whether the changes that iterations waited for arrived, in a sentence."""
    if isinstance(summary, NoSummary):
        return "Unknown: no summary."
    followed = summary.samples("cdc_success_rate")
    if not followed:
        return "Unknown: no change was checked in the sink."
    changes = counted(followed, "change")
    lost = summary.observed("mongo_documents_not_found", "count")
    failed = summary.observed("pg_write_errors", "count")
    if lost is None or failed is None:
        return f"Unknown: {changes} checked in the sink, but the summary does not count lost ones."
    if failed >= followed:
        return f"Unknown: no change was written; {counted(failed, 'write')} failed."
    wrong = sum(check.fails for check in summary.checks)
    found = f"{shown(lost)} did not arrive in time" if lost or wrong else "none lost"
    if wrong:
        found += f", {wrong:,} arrived with wrong content"
    written = f"; {shown(failed)} could not be written and count as errors" if failed else ""
    checked = "checked" if lost or wrong or failed else "verified"
    return f"{changes} {checked} in the sink; {found}{written}."


def time_spent(summary: Summary | NoSummary, hops: Sequence[str] = ()) -> str:
    """Return where the changes spend their time, hop by hop if known.

    The hops have means, which add up; a median next to them would not fit.
    """
    found = {time.metric: time.stats[0] for time in times(summary)}
    total, write = found.get("cdc_e2e_latency"), found.get("pg_write_duration")
    if total is None:
        return _time_of_others(summary)
    if seen := _mostly_missing(summary):
        return seen
    rest = "".join(f" {sentence}" for sentence in reversed(hops))
    if write is not None and not hops:
        rest = (
            f" The median write to PostgreSQL took {write} ms; the rest passed in Debezium, "
            "Kafka, and the consumer."
        )
    return f"Median end-to-end latency: {total} ms.{rest}"


def _mostly_missing(summary: Summary | NoSummary) -> str:
    """Return how few changes were seen, if the median latency is a timeout."""
    if isinstance(summary, NoSummary):
        return ""
    followed = summary.samples("cdc_success_rate")
    seen = summary.observed("mongo_documents_found", "count")
    if seen is None or 2 * seen >= followed:
        return ""
    count = counted(followed, "change")
    return f"{shown(seen)} of {count} seen in the sink; the others count with their timeout."


def _time_of_others(summary: Summary | NoSummary) -> str:
    """Return the median of the main latency of another project's script."""
    if isinstance(summary, ForeignSummary):
        timed = {name: sampled(summary.metrics[name]) or 1 for name in times_of(summary)}
        name = main_latency(timed)
        median = summary.observed(name, "p(50)")
        if median is not None:
            return f"Median of {name}: {shown(median, 'ms')}."
        if name:
            return f"Unknown: the summary has no median of {name}."
    return "Unknown: no latency was measured."
