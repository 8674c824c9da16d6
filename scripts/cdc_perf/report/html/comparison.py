"""A run next to a base: the changes, and the latency distributions of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from cdc_perf.report.changes import MetricChange
from cdc_perf.report.compare import RunComparison
from cdc_perf.report.differences import ByScenario, SettingDifference, differences
from cdc_perf.report.hops import changed_hop
from cdc_perf.report.html.chart import Chart, NotSampled
from cdc_perf.report.html.charts import ChartOrPlaceholder
from cdc_perf.report.html.overlay import overlay
from cdc_perf.runs.run_data import RunData, ScenarioData
from cdc_perf.runs.run_set import RecordedScenario
from cdc_perf.runs.series import Series
from cdc_perf.settings.durations import format_duration
from cdc_perf.verdict.records import ScenarioVerdict

_TITLE = "Latencies of both runs"
# The least change at which the bars end.
_LEAST_SCALE = 0.1
_MOST_SCALE = 2.0
# Enough for eight figures (stats/pairs.py).
_PAIRS = 12


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
    before: ScenarioVerdict
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
        base: The run to compare with.
        headlines: The most important changes, one line by scenario.
        scenarios: The comparable scenarios.
        not_comparable: Why the others are not comparable, one sentence by scenario.
        differences: Differences in settings and environment.
        settled_by: The command that finds whether one is worse; empty without two known commits.
    """

    base: str
    headlines: Mapping[str, str]
    scenarios: tuple[ComparedScenario, ...]
    not_comparable: Mapping[str, str]
    differences: tuple[SettingDifference, ...]
    settled_by: str


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
            _scenario(f"comparison-{number}", pair, changes[name], before[name][1], now[name][1])
            for number, (name, pair) in enumerate(comparison.pairs.items(), start=1)
        ),
        not_comparable=comparison.not_comparable,
        differences=differences(_manifests(before), _manifests(now)),
        settled_by=_settled_by(comparison.pairs),
    )


def _by_scenario(runs: Sequence[RunData]) -> dict[str, tuple[RunData, ScenarioData]]:
    """Return the last measurement of each scenario."""
    return {each.name: (run, each) for run in runs for each in run.scenarios}


def _manifests(runs: Mapping[str, tuple[RunData, ScenarioData]]) -> ByScenario:
    return {name: (run.manifest, each.entry) for name, (run, each) in runs.items()}


def _scenario(
    anchor: str,
    pair: tuple[RecordedScenario, RecordedScenario],
    changes: Sequence[MetricChange],
    before: ScenarioData,
    now: ScenarioData,
) -> ComparedScenario:
    largest = max((abs(x.share) for x in changes if x.share is not None), default=0.0)
    scale = min(max(largest, _LEAST_SCALE), _MOST_SCALE)
    return ComparedScenario(
        anchor=anchor,
        name=pair[1].row.verdict.scenario,
        before=pair[0].row.verdict,
        now=pair[1].row.verdict,
        rows=tuple(ChangeRow(tuple(x.cells()), _bar_length(x, scale)) for x in changes),
        changed_hop=changed_hop(pair[0].row.hops, pair[1].row.hops),
        scale=scale,
        charts=_charts(before.series, now.series),
        warm_up=now.series.warm_up if isinstance(now.series, Series) else 0,
    )


def _charts(before: Series | str, now: Series | str) -> tuple[ChartOrPlaceholder, ...]:
    if isinstance(before, str):
        return (NotSampled(_TITLE, f"base run: {before}"),)
    if isinstance(now, str):
        return (NotSampled(_TITLE, now),)
    return overlay(before, now)


def _bar_length(change: MetricChange, scale: float) -> float | None:
    return None if change.share is None else min(max(change.share / scale, -1.0), 1.0)


def _settled_by(pairs: Mapping[str, tuple[RecordedScenario, RecordedScenario]]) -> str:
    """Return the command that measures both commits in turn."""
    if not pairs:
        return ""
    before, now = (measured.run.manifest for measured in next(iter(pairs.values())))
    versions = (before.versions, now.versions)
    unknown = any(not each.commit or each.changed for each in versions)
    if unknown or before.versions.commit == now.versions.commit:
        return ""
    seconds = now.overrides.duration_seconds
    duration = f" --duration {format_duration(seconds)}" if seconds is not None else ""
    commits = " ".join(quote(each.commit[:12]) for each in versions)
    return f"inv compare {commits} --pairs {_PAIRS} --scenarios {','.join(pairs)}{duration}"
