"""A run next to a base or to the last comparable runs: changes, and both latency distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.report.changes import MetricChange
from cdc_perf.report.compare import NextStep, RunComparison, next_step
from cdc_perf.report.differences import ByScenario, SettingDifference, differences
from cdc_perf.report.hops import changed_hop
from cdc_perf.report.html.chart import Chart, NotSampled
from cdc_perf.report.html.charts import ChartOrPlaceholder
from cdc_perf.report.html.overlay import overlay
from cdc_perf.report.last_run import LastRun, next_steps
from cdc_perf.results.history import HistoryEntry
from cdc_perf.runs.run_data import RunData, ScenarioData
from cdc_perf.runs.series import Series
from cdc_perf.verdict.records import ScenarioVerdict

_TITLE = "Latencies of both runs"
# The least change at which the bars end.
_LEAST_SCALE = 0.1
_MOST_SCALE = 2.0
_GONE = "its folder is gone or not readable; the figures are those of history.jsonl"


@dataclass(frozen=True)
class ChangeRow:
    """A figure before and now.

    Attributes:
        cells: Figure, value and samples before, value and samples now, change.
        bar_length: The length of its bar, -1 to 1; None if unknown.
    """

    cells: tuple[str, ...]
    bar_length: float | None


@dataclass(frozen=True)
class ComparedScenario:
    """A scenario that both runs have.

    Attributes:
        anchor: The key of its charts.
        name: Its name.
        before: The verdict on it in the base.
        now: The verdict on it in the run.
        rows: The figures.
        changed_hop: The hop whose mean changed most, in a sentence; empty if unknown.
        scale: The change at which a bar ends, as a share.
        charts: The latencies of both in the same axes.
        warm_up: Seconds at the start that the run's latencies exclude.
    """

    anchor: str
    name: str
    before: ScenarioVerdict | HistoryEntry
    now: ScenarioVerdict
    rows: tuple[ChangeRow, ...]
    changed_hop: str
    scale: float
    charts: tuple[ChartOrPlaceholder, ...]
    warm_up: int

    def data(self) -> Mapping[str, object]:
        """Return the input of the page's script, by the chart's key."""
        charts = {each.key: each.data() for each in self.charts if isinstance(each, Chart)}
        return {"warm_up": self.warm_up, "marks": (), "charts": charts}


@dataclass(frozen=True)
class ComparisonView:
    """The page's comparison.

    Attributes:
        base: The run to compare with; empty if no run is comparable.
        headlines: The most important changes, one line by scenario.
        scenarios: The comparable scenarios.
        not_comparable: Why the others are not comparable, one sentence by scenario.
        differences: Differences in settings and environment.
        next_steps: What rules out noise; empty without comparable scenarios.
        no_settings: The scenarios whose earlier run has no settings any more.
    """

    base: str
    headlines: Mapping[str, str]
    scenarios: tuple[ComparedScenario, ...]
    not_comparable: Mapping[str, str]
    differences: tuple[SettingDifference, ...]
    next_steps: tuple[NextStep, ...]
    no_settings: tuple[str, ...] = ()


def comparison_view(
    comparison: RunComparison, base: Sequence[RunData], runs: Sequence[RunData]
) -> ComparisonView:
    """Return the page's comparison.

    Args:
        comparison: The figures.
        base: The runs to compare with.
        runs: The page's runs.
    """
    before, now = _by_scenario(base), _by_scenario(runs)
    changes = comparison.changes()
    return ComparisonView(
        base=base[0].name if len(base) == 1 else f"{len(base)} runs",
        headlines=comparison.headlines(),
        scenarios=tuple(
            _scenario(
                f"comparison-{number}",
                (was.row.verdict, is_.row.verdict),
                changes[name],
                changed_hop(was.row.hops, is_.row.hops),
                (before[name][1].series, now[name][1].series),
            )
            for number, (name, (was, is_)) in enumerate(comparison.pairs.items(), start=1)
        ),
        not_comparable=comparison.not_comparable,
        differences=differences(_manifests(before), _manifests(now)),
        next_steps=tuple(
            dict.fromkeys(
                next_step(was.run.manifest.versions, is_.run.manifest)
                for was, is_ in comparison.pairs.values()
            )
        ),
    )


def last_runs_view(
    found: Mapping[str, LastRun | str], series: Mapping[str, Series | str], runs: Sequence[RunData]
) -> ComparisonView:
    """Return the page's comparison with the last comparable run of each scenario.

    Args:
        found: By scenario, its last comparable run, or why there is none.
        series: By scenario, the values per second of that run, if its folder exists, or why there
            are none.
        runs: The page's runs.
    """
    now = _by_scenario(runs)
    last = {name: each for name, each in found.items() if isinstance(each, LastRun)}
    ids = tuple(dict.fromkeys(each.entry.run_id for each in last.values()))
    return ComparisonView(
        base=f"the last comparable {'run' if len(ids) == 1 else 'runs'}, {', '.join(ids)}"
        if ids
        else "",
        headlines={name: each.line for name, each in last.items()},
        scenarios=tuple(
            _scenario(
                f"comparison-{number}",
                (each.entry, each.now.row.verdict),
                each.changes,
                each.hop,
                (series.get(name, _GONE), now[name][1].series),
            )
            for number, (name, each) in enumerate(last.items(), start=1)
        ),
        not_comparable={name: each for name, each in found.items() if isinstance(each, str)},
        differences=tuple(dict.fromkeys(x for each in last.values() for x in each.differences)),
        next_steps=next_steps(found),
        no_settings=tuple(name for name, each in last.items() if each.before is None),
    )


def _by_scenario(runs: Sequence[RunData]) -> dict[str, tuple[RunData, ScenarioData]]:
    """Return the last measurement of each scenario."""
    return {each.name: (run, each) for run in runs for each in run.scenarios}


def _manifests(runs: Mapping[str, tuple[RunData, ScenarioData]]) -> ByScenario:
    return {name: (run.manifest, each.entry) for name, (run, each) in runs.items()}


def _scenario(
    anchor: str,
    verdicts: tuple[ScenarioVerdict | HistoryEntry, ScenarioVerdict],
    changes: Sequence[MetricChange],
    hop: str,
    series: tuple[Series | str, Series | str],
) -> ComparedScenario:
    before, now = series
    largest = max((abs(x.share) for x in changes if x.share is not None), default=0.0)
    scale = min(max(largest, _LEAST_SCALE), _MOST_SCALE)
    return ComparedScenario(
        anchor=anchor,
        name=verdicts[1].scenario,
        before=verdicts[0],
        now=verdicts[1],
        rows=tuple(ChangeRow(tuple(x.cells()), _bar_length(x, scale)) for x in changes),
        changed_hop=hop,
        scale=scale,
        charts=_charts(before, now),
        warm_up=now.warm_up if isinstance(now, Series) else 0,
    )


def _charts(before: Series | str, now: Series | str) -> tuple[ChartOrPlaceholder, ...]:
    if isinstance(before, str):
        return (NotSampled(_TITLE, f"base run: {before}"),)
    if isinstance(now, str):
        return (NotSampled(_TITLE, now),)
    return overlay(before, now)


def _bar_length(change: MetricChange, scale: float) -> float | None:
    return None if change.share is None else min(max(change.share / scale, -1.0), 1.0)
