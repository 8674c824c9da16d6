"""What a panel has to show of the run that was observed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pymongo

from cdc_perf.results.summary import Summary, read_summary
from cdc_perf.settings.numbers import js_number
from tests.integration.inv import read
from tests.integration.observed.conftest import Observed, Run
from tests.integration.observed.prometheus import Series
from tests.integration.observed.truth import (
    CLASSIC,
    NATIVE,
    Between,
    Samples,
    count_within,
    quantile_between,
    samples_of,
)

# Seconds that hold the fault, and samples enough for p99 on an ordinary machine.
WINDOW = 35.0
# Before the load ended, when no series has ended yet.
_MARGIN = timedelta(seconds=2)
_QUANTILES = {"p50": (0.5, 6), "p95": (0.95, 60), "p99": (0.99, 300)}
_LATENCIES = {
    "CDC E2E Latency": "cdc_e2e_latency",
    "PostgreSQL Write Latency": "pg_write_duration",
    "MongoDB Read Latency": "mongo_read_duration",
}
# The metric and the stat in summary.json that a query shows.
_STATS = {
    ("Virtual Users", "A"): ("vus_max", "max"),
    ("Virtual Users", "B"): ("vus_max", "max"),
    ("Success Rate", "A"): ("cdc_success_rate", "rate"),
    ("Error Count", "A"): ("pg_write_errors", "count"),
    ("Error Count", "B"): ("mongo_read_errors", "count"),
    ("Records Processed", "A"): ("pg_records_inserted", "count"),
    ("Documents Found", "A"): ("mongo_documents_found", "count"),
    ("Documents Found", "B"): ("mongo_documents_not_found", "count"),
}
# What the harness has sampled itself, by the label that tells one from the other.
_GAUGES = {
    ("Consumer Lag", "B"): ("consumer_lag", ""),
    ("Replication Slot", "A"): ("slot_retained_bytes", ""),
    ("CPU", "A"): ("cpu_", "component"),
    ("Memory", "A"): ("memory_", "component"),
}


@dataclass(frozen=True)
class Seen:
    """What a query showed, and what it had to.

    Attributes:
        shown: One figure of it; None: nothing.
        needed: Whether there had to be something.
        between: Where the figure has to lie; None: anywhere.
        words: What the run's own files say.
    """

    shown: float | None
    between: Between | None = None
    words: str = ""
    needed: bool = True


def seen(title: str, reference: str, series: Sequence[Series], run: Run) -> Seen:
    """Hold what a query returned against the run's own files."""
    key, largest = (title, reference), _largest(series)
    if stat := _STATS.get(key):
        exact = _summary(run).observed(*stat)
        assert exact is not None
        return _same(largest, exact)
    if found := _GAUGES.get(key):
        return _one_of_the_samples(series, *found, run)
    match key:
        case ("Threshold Status", _):
            return _limits(series, run)
        case ("Verdicts", _):
            return _same(largest, read(run.files.verdict)["exit_code"])
        case ("Request Rate", _):
            return _most_in_four_seconds(largest, run)
        case _:
            return _of_the_pipeline(key, series)


def _of_the_pipeline(key: tuple[str, str], series: Sequence[Series]) -> Seen:
    largest = _largest(series)
    match key:
        case ("Connector Tasks", _):
            return _same(sum(values[-1] for _, values in series), 1)
        case ("Dead Letters", _):
            # One, between two scrapes: `increase` stretches what it saw to the whole range.
            return Seen(largest, Between(0.9, 1, 1.2), "1 sent")
        case ("Retries and Replays", "B"):
            return Seen(largest, words="what was written and not committed", needed=False)
        case _:
            return Seen(largest)


def quantile(title: str, legend: str, series: Sequence[Series], run: Run) -> Seen:
    """Hold a percentile over the window against the samples of that window."""
    name = legend.rsplit(" ", 1)[-1]
    share, needed = _QUANTILES[name]
    end = window_end(run)
    samples = [(at, value / 1000) for at, value in _points(run, _LATENCIES[title])]
    between = quantile_between(samples, share, end, WINDOW, NATIVE)
    # A second at either end may be in or out.
    surely = count_within(samples, end - _MARGIN, WINDOW - 4) >= needed
    words = f"{between.exact:.4g} of {count_within(samples, end, WINDOW):,}" if between else ""
    return Seen(_largest(series), between, words, needed=surely)


def hop_quantile(title: str, series: Sequence[Series], observed: Observed, run: Run) -> Seen:
    """Hold the percentile of the first hop against the times that the documents carry.

    Of the last hop they know when the write began, not when MongoDB acknowledged it.
    """
    share, needed = _QUANTILES[title.rsplit(" ", 1)[-1]]
    end = window_end(run)
    samples = _first_hops(observed)
    between = quantile_between(samples, share, end, WINDOW, CLASSIC)
    surely = count_within(samples, end - _MARGIN, WINDOW - 4) >= needed
    first = [x for x in series if x[0]["hop"] == "source_to_debezium"]
    words = f"source_to_debezium, of the documents: {between.exact:.4g}" if between else ""
    return Seen(_largest(first), between, words, needed=surely)


def compared(reference: str, series: Sequence[Series], run: Run) -> Seen:
    """Hold a column of the comparison of runs against summary.json."""
    shown = _largest(series)
    if reference == "D":
        begin = run.load_begin.timestamp() * 1000
        # The harness says that a scenario begins before it starts k6.
        return Seen(shown, Between(begin - 5000, begin, begin + 5000), f"{begin:.4g}")
    name = "cdc_e2e_latency{phase:steady}"
    stat, needed = {"A": ("med", 6), "B": ("p(95)", 60), "C": ("p(99)", 300)}[reference]
    exact, samples = _summary(run).observed(name, stat), _summary(run).samples(name)
    assert exact is not None
    if samples < needed:
        assert shown is None
        return Seen(None, words=f"{samples:,} samples", needed=False)
    return _same(shown, exact / 1000)


def window_end(run: Run) -> datetime:
    """Return the end of the window that percentiles are taken of."""
    return run.load_end - _MARGIN


def _largest(series: Sequence[Series]) -> float | None:
    values = [value for _, values in series for value in values]
    return max(values) if values else None


def _same(shown: float | None, exact: float) -> Seen:
    near = abs(exact) * 1e-9
    return Seen(shown, Between(exact - near, exact, exact + near), f"{exact:,.6g}")


def _one_of_the_samples(series: Sequence[Series], metric: str, label: str, run: Run) -> Seen:
    for labels, values in series:
        name = f"{metric}{labels.get(label, '')}"
        sampled = {value for _, value in samples_of((run.files.gauges,), name)}
        strangers = set(values) - sampled
        assert not strangers, f"{name}: {strangers} were never sampled"
    return Seen(_largest(series), words="its own samples, each of those shown")


def _limits(series: Sequence[Series], run: Run) -> Seen:
    judged = {
        (x["metric"], f"{x['stat']} {x['operator']} {js_number(x['limit'])}"): x["ok"]
        for x in read(run.files.verdict)["thresholds"]
    }
    shown = {(x["metric"], x["limit"]): bool(value) for x, (value,) in series}
    assert shown == {limit: ok for limit, ok in judged.items() if ok is not None}, (shown, judged)
    assert {True, False} == set(shown.values())
    words = f"{sum(shown.values())} of {len(shown)} hold, as in verdict.json"
    return Seen(float(sum(shown.values())), words=words)


def _most_in_four_seconds(shown: float | None, run: Run) -> Seen:
    """The most iterations that any four seconds saw end, by the way that the rate is made."""
    ends = sorted(at for at, _ in _points(run, "iterations"))
    most = max(sum(begin <= at < begin + 4 for at in ends) / 4 for begin in ends)
    # Of pushes a second apart the window holds four at most, three seconds of counts.
    return Seen(shown, Between(most * 0.6, most, most * 1.5), f"{most:.3g}")


@cache
def _points_of(files: Path, metric: str) -> Samples:
    return samples_of((files,), metric)


def _points(run: Run, metric: str) -> Samples:
    return _points_of(run.files.points, metric)


def _summary(run: Run) -> Summary:
    found = read_summary(run.files.summary)
    assert isinstance(found, Summary), found
    return found


def _first_hops(observed: Observed) -> Samples:
    """Return when each customer was applied, and the seconds from its commit to Debezium."""
    at = observed.endpoints
    with pymongo.MongoClient[dict[str, dict[str, int]]](at.mongodb_uri) as client:
        found = client[at.mongodb_database]["customer"].find({}, {"_cdc": 1})
        times = [x["_cdc"] for x in found]
    return [(x["applied_us"] / 1e6, (x["debezium_us"] - x["source_us"]) / 1e6) for x in times]
