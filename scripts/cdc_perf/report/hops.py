"""The latency of a change, hop by hop, from its commit to the sink.

The means of consecutive hops add up to the mean of the whole way; percentiles do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from tabulate import tabulate

from cdc_perf.reasons.figures import figure
from cdc_perf.report.rows import NOTHING, printable
from cdc_perf.results.hops import HopFigures, Hops
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.row import LATENCY, WRITE, Row
from cdc_perf.settings.hops import TOTAL, Hop, sequence_of
from cdc_perf.verdict.hop_thresholds import clock_sentence
from cdc_perf.wording import counted

PERCENTILES = ("p50", "p95", "p99")
_COUNTED_AS_TIMEOUT = ("pg_write_errors", "mongo_documents_not_found")
_BAR = 20
# The shares of a whole add up to 1; some events may lack a latency.
_MOST_SHARED = 1.1
# With four hops, a share of a quarter is normal.
_STANDS_OUT = 0.4
_COLUMNS = {
    "scenario": "left",
    "hop": "left",
    "mean ms": "right",
    "share": "right",
    "": "left",
    "p50/p95/p99 ms": "right",
    "events": "right",
}


@dataclass(frozen=True)
class HopRow:
    """A hop as a table row.

    Attributes:
        hop: The hop.
        figures: Its latencies.
        begin: The share of the whole way before it, 0 to 1.
        share: Its share of the whole way; None if clocks are off or the share is impossible.
    """

    hop: Hop
    figures: HopFigures
    begin: float
    share: float | None

    @property
    def mean(self) -> str:
        """The mean in ms."""
        return _ms(self.figures.mean)

    @property
    def percentiles(self) -> tuple[str, ...]:
        """p50, p95, and p99 in ms; a dash if there are too few events."""
        return tuple(_ms(getattr(self.figures, stat)) for stat in PERCENTILES)

    @property
    def percent(self) -> str:
        """The share, formatted for people."""
        return NOTHING if self.share is None else f"{self.share:.0%}"


def hop_rows(hops: Hops | None) -> tuple[HopRow, ...]:
    """Return the hops in order, the whole way last; empty without events.

    If the whole way was not measured, the hops that were have no share of it.
    """
    if hops is None:
        return ()
    by_name = {
        hop.name: hop for hop in sequence_of((each.hop for each in hops.hops), hops.note).all
    }
    total = hops.total
    if total is None:
        return tuple(HopRow(by_name[x.hop], x, 0.0, None) for x in hops.hops if x.events)
    if total.mean is None or total.mean == 0:
        return ()
    # A latency near 0 can appear negative, because Kafka's timestamps are whole milliseconds.
    shares = [max(0.0, each.mean or 0.0) / total.mean for each in hops.hops]
    ends = list(accumulate(shares[:-1], initial=0.0))
    clocks_agree = not any(each.negative for each in hops.hops)
    sound = clocks_agree and total.mean > 0 and ends[-1] < _MOST_SHARED
    return tuple(
        HopRow(by_name[each.hop], each, begin, share if sound else None)
        for each, share, begin in zip(hops.hops, shares, [*ends[:-1], 0.0], strict=True)
    )


def hop_sentences(hops: Hops | None, summary: Summary | NoSummary) -> tuple[str, ...]:
    """Return the findings on the hops: clocks that are off, else the slowest hop and k6's view.

    They contain only figures and this project's own names.
    """
    rows = hop_rows(hops)
    if hops is None or not rows:
        return ()
    parts = [row for row in rows if row.hop.name != TOTAL.name]
    off = [row for row in parts if row.figures.negative] or [
        row for row in rows if row.figures.negative
    ]
    if off:
        found = (
            clock_sentence(x.hop, x.figures.events, x.figures.negative, x.figures.negative_mean)
            for x in off
        )
        return tuple(f"{sentence}." for sentence in found)
    whole = rows[-1]
    if whole.hop.name != TOTAL.name:
        return ()
    largest = max(parts, key=lambda row: row.share or 0.0)
    events = counted(whole.figures.events, "event")
    stands_out = (largest.share or 0.0) >= _STANDS_OUT
    slowest = f"{largest.hop.title}, {largest.percent}."
    finding = (
        f"Bottleneck: {slowest} Check {largest.hop.points_at}."
        if stands_out
        else f"Slowest hop: {slowest} No bottleneck."
    )
    return (
        f"{begun(whole.hop.title)}: {whole.mean} ms on average ({events}). {finding}",
        *_as_k6_saw_it(whole, summary),
    )


def _as_k6_saw_it(whole: HopRow, summary: Summary | NoSummary) -> tuple[str, ...]:
    """Compare the sum of the hops with the latency that k6 measured by its own clock.

    Without the consumer, the last hop ends when k6 sees the change: there is nothing to compare.
    """
    if isinstance(summary, NoSummary) or whole.hop is not TOTAL:
        return ()
    seen, write = (summary.observed(metric, "avg") for metric in (LATENCY, WRITE))
    if seen is None or write is None or whole.figures.mean is None or not summary.samples(LATENCY):
        return ()
    rest = seen - write - whole.figures.mean
    changes = counted(summary.samples(LATENCY), "change")
    measured = f"k6 measured {_ms(seen)} ms on average ({changes})"
    if late := sum(summary.observed(metric, "count") or 0 for metric in _COUNTED_AS_TIMEOUT):
        which = counted(late, "change")
        why = f"{which} failed or timed out, and each counts with its timeout"
        return (f"{measured}. This cannot be compared with the pipeline: {why}.",)
    return (f"{measured}: {_ms(write)} write + {whole.mean} pipeline {_read_part(rest)}.",)


def _read_part(rest: float) -> str:
    """Return the part of k6's latency after the pipeline; it is negative if k6 was faster."""
    if rest >= 0:
        return f"+ {_ms(rest)} read"
    early = "k6 saw the change before the sink acknowledged its write"
    return f"- {_ms(-rest)} overlap ({early})"


def changed_hop(before: Hops | None, now: Hops | None) -> str:
    """Return the hop whose mean changed most between two runs; empty if unknown."""
    was, is_ = ({row.hop: row for row in hop_rows(hops)} for hops in (before, now))
    sequence = sequence_of(hop.name for hop in is_)
    deltas = {
        hop: (is_[hop].figures.mean or 0.0) - (was[hop].figures.mean or 0.0)
        for hop in sequence.all
        if hop in was and hop in is_ and was[hop].share is not None and is_[hop].share is not None
    }
    if deltas.keys() != set(sequence.all):
        return ""
    most = max(sequence.hops, key=lambda hop: abs(deltas[hop]))
    return (
        f"mean from {sequence.total.title}: {deltas[sequence.total]:+.3g} ms; "
        f"largest change: {most.title}, {deltas[most]:+.3g} ms"
    )


def hops_text(rows: Mapping[str, Row]) -> str:
    """Return the hops of every scenario for a terminal: a table, then the findings; may be empty.

    Args:
        rows: The rows by scenario.
    """
    cells = [
        (
            printable(name) if number == 0 else "",
            row.hop.title,
            row.mean,
            row.percent,
            "" if row.hop.name == TOTAL.name else "#" * round(_BAR * (row.share or 0.0)),
            " / ".join(row.percentiles),
            f"{row.figures.events:,}",
        )
        for name, each in rows.items()
        for number, row in enumerate(hop_rows(each.hops))
    ]
    if not cells:
        return ""
    table = tabulate(cells, list(_COLUMNS), colalign=_COLUMNS.values(), disable_numparse=True)
    findings = [
        f"{printable(name)}: {sentence}"
        for name, each in rows.items()
        for sentence in (*hop_sentences(each.hops, each.summary), *_remarks(each.hops))
    ]
    return "\n".join((table, "", *findings))


def _remarks(hops: Hops | None) -> tuple[str, ...]:
    """Return what is missing, and whose clocks the times are by."""
    if hops is None:
        return ()
    return tuple(printable(text) for text in (hops.missing, hops.note) if text)


def begun(title: str) -> str:
    """Return a title as the begin of a sentence."""
    return title[:1].upper() + title[1:]


def _ms(value: float | None) -> str:
    return NOTHING if value is None else figure(value, "ms").removesuffix(" ms")
