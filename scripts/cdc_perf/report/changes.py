"""The changes between two runs of a scenario: both values and their samples, without a judgment.

One comparison of two runs says nothing about significance; `inv compare` over repeated runs does.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from cdc_perf.faults.recovery import Recovery
from cdc_perf.reasons.figures import figure
from cdc_perf.report.hops import hop_rows
from cdc_perf.report.markdown import table
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.hops import Hops
from cdc_perf.results.manifest import Manifest
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.row import LATENCY, LATENCY_STATS, Row
from cdc_perf.runs.run_set import RecordedScenario
from cdc_perf.settings.recovery import CATCH_UP, OUTAGE, STALENESS
from cdc_perf.settings.recovery import LATENCY as LATENCY_BACK
from cdc_perf.stack.target import stand_in

_COLUMNS = {
    "scenario": "left",
    "metric": "left",
    "before": "right",
    "samples before": "right",
    "now": "right",
    "samples now": "right",
    "change": "right",
}
_UNIT = ", ms"
_HEADLINE_FIGURES = (f"e2e p50{_UNIT}", f"e2e p95{_UNIT}")
_ERRORS = "errors"
_MEASURES = {
    OUTAGE: "outage",
    CATCH_UP: "caught up",
    LATENCY_BACK: "latency back",
    STALENESS: "staleness",
}


class RunSide(msgspec.Struct, frozen=True):
    """A figure of one run, and its number of samples.

    Attributes:
        value: In its unit; null without samples.
        samples: Null if only the history has the figure.
    """

    value: float | None
    samples: int | None

    def cells(self) -> tuple[str, str]:
        """Return both as table cells."""
        value = NOTHING if self.value is None else figure(self.value)
        return value, NOTHING if self.samples is None else f"{self.samples:,}"


class MetricChange(msgspec.Struct, frozen=True):
    """A figure before and now.

    Attributes:
        figure: Its name.
        before: The figure of the earlier run.
        now: The figure of the later run.
    """

    figure: str
    before: RunSide
    now: RunSide

    def cells(self) -> list[str]:
        """Return a row of the table."""
        return [self.figure, *self.before.cells(), *self.now.cells(), self.delta]

    @property
    def share(self) -> float | None:
        """The change as a share of the value before; None if there is no such share."""
        before, now = self.before.value, self.now.value
        return None if before is None or now is None or not before else (now - before) / before

    @property
    def delta(self) -> str:
        """The change as a table cell."""
        before, now = self.before.value, self.now.value
        if before is None or now is None:
            return NOTHING
        if before == now:
            return "none"
        return f"{now - before:+,.4g}" if self.share is None else f"{self.share:+.1%}"

    @property
    def sentence(self) -> str:
        """The change as part of a sentence: `e2e p95 51.2 → 40 ms (-21.9%)`."""
        name, _, unit = self.figure.partition(", ")
        before, now = (side.cells()[0] for side in (self.before, self.now))
        in_unit = f"{now} {unit}".rstrip()
        if self.before.value == self.now.value:
            return f"{name} {in_unit} (unchanged)"
        return f"{name} {before} → {in_unit} ({self.delta})"


def incomparable(before: RecordedScenario, now: RecordedScenario) -> str:
    """Return why two runs of one scenario are not comparable; empty if they are.

    The pipeline, the stack, the effective load, the environment of the thresholds, and the machine
    must be the same, and a stand-in for MongoDB is comparable only with itself. A version may
    differ, or the pipeline's settings: that may be what the comparison is about.
    """
    scenario = now.row.verdict.scenario
    old, new = before.run.manifest, now.run.manifest
    was, is_ = before.run.entry(scenario), now.run.entry(scenario)
    differences = {
        "different pipeline": not old.pipeline.same_pipeline(new.pipeline),
        "different stack": old.stack != new.stack,
        "different load": (was.executor, was.seconds, was.think_time_seconds)
        != (is_.executor, is_.seconds, is_.think_time_seconds),
        "different faults": was.faults != is_.faults,
        "different threshold environment": old.overrides.environment != new.overrides.environment,
        "different MongoDB server": stand_in(_mongodb(old)) != stand_in(_mongodb(new)),
        "different machine": old.machine.fingerprint != new.machine.fingerprint,
        "no summary in the base run": isinstance(before.row.summary, NoSummary),
        "no summary in this run": isinstance(now.row.summary, NoSummary),
    }
    return ", ".join(name for name, differs in differences.items() if differs)


def _mongodb(manifest: Manifest) -> str:
    return manifest.versions.components.get("mongodb", "")


def headline(changes: Sequence[MetricChange], verdicts: Sequence[str], hop: str) -> str:
    """Return the most important changes in a line: p50, p95, errors if any, verdicts, hop.

    Args:
        changes: The figures of both runs.
        verdicts: The verdicts of both.
        hop: The hop that changed most; may be empty.
    """
    parts = [x.sentence for x in changes if x.figure in _HEADLINE_FIGURES and x.share is not None]
    parts += [
        x.sentence for x in changes if x.figure == _ERRORS and (x.before.value or x.now.value)
    ]
    line = ", ".join([*parts, " → ".join(verdicts)])
    return f"{line}; {hop}" if hop else line


def changes_table(pairs: Mapping[str, tuple[RecordedScenario, RecordedScenario]]) -> str:
    """Return the figures of pairs of comparable runs, before and now, as Markdown.

    Args:
        pairs: The pairs by scenario.
    """
    return table(
        list(_COLUMNS),
        [
            [scenario, *change.cells()]
            for scenario, (before, now) in pairs.items()
            for change in changes_of(before.row, now.row)
        ],
        list(_COLUMNS.values()),
    )


def changes_of(before_row: Row, now_row: Row) -> tuple[MetricChange, ...]:
    """Return the figures of two runs of a scenario; empty if a summary is missing."""
    before, now = before_row.summary, now_row.summary
    if isinstance(before, NoSummary) or isinstance(now, NoSummary):
        return ()
    metrics = [
        *((f"e2e {name}{_UNIT}", LATENCY, stat, LATENCY) for name, stat in LATENCY_STATS.items()),
        ("iterations/s", "iterations", "rate", ""),
        (_ERRORS, "cdc_success_rate", "fails", "cdc_success_rate"),
    ]
    of_k6 = (
        MetricChange(name, _side(before, metric, stat, sampled), _side(now, metric, stat, sampled))
        for name, metric, stat, sampled in metrics
    )
    if before_row.recoveries or now_row.recoveries:
        # The hops of a scenario with faults are those of its outages.
        return (*of_k6, *_changes_of_recoveries(before_row.recoveries, now_row.recoveries))
    return (*of_k6, *_changes_of_hops(before_row.hops, now_row.hops))


def changes_since(figures: Mapping[str, float], now_row: Row) -> tuple[MetricChange, ...]:
    """Return the figures of a line of the history, next to those of a run.

    Args:
        figures: By name, without the unit.
        now_row: The later run.
    """
    return tuple(
        MetricChange(each.figure, RunSide(figures[name], None), each.now)
        for each in changes_of(now_row, now_row)
        if (name := each.figure.removesuffix(_UNIT)) in figures
    )


def _changes_of_hops(before: Hops | None, now: Hops | None) -> Iterator[MetricChange]:
    """Yield the mean and the 95th percentile of each hop that both runs have."""
    was, is_ = ({row.hop: row.figures for row in hop_rows(hops)} for hops in (before, now))
    for hop in was:
        if hop in is_:
            for stat in ("mean", "p95"):
                sides = (RunSide(getattr(x[hop], stat), x[hop].events) for x in (was, is_))
                yield MetricChange(f"{hop.title} {stat}{_UNIT}", *sides)


def _changes_of_recoveries(
    before: Sequence[Recovery], now: Sequence[Recovery]
) -> Iterator[MetricChange]:
    """Yield the measures of each fault that both runs have, in seconds."""
    was, is_ = (
        {(x.injection.fault, x.injection.number): x for x in each} for each in (before, now)
    )
    for key in was:
        if key in is_:
            fault, number = key
            name = f"{fault} {number}" if number > 1 else fault
            for measure, words in _MEASURES.items():
                sides = (_recovered(each[key], measure) for each in (was, is_))
                yield MetricChange(f"{name}: {words}, s", *sides)


def _recovered(recovery: Recovery, measure: str) -> RunSide:
    found = recovery.measures.get(measure)
    if found is None or found.at_least:
        return RunSide(None, 0 if found is None else found.samples)
    return RunSide(found.value, found.samples)


def _side(summary: Summary, metric: str, stat: str, sampled: str) -> RunSide:
    """Return a value and its number of samples; for a rate, the number of iterations."""
    value = summary.observed(metric, stat)
    samples = summary.samples(sampled) if sampled else int(summary.observed(metric, "count") or 0)
    return RunSide(value if samples else None, samples)
