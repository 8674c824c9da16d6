"""The charts of a scenario."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.faults.recovery import Recovery
from cdc_perf.report.html.chart import Chart, NotSampled
from cdc_perf.report.html.distribution import distribution
from cdc_perf.report.html.figures import text
from cdc_perf.report.html.latency import latency_over_time
from cdc_perf.report.html.load import stack, throughput, virtual_users
from cdc_perf.results.manifest import EventEntry, ScenarioEntry
from cdc_perf.runs.series import Series

ChartOrPlaceholder = Chart | NotSampled


@dataclass(frozen=True)
class Mark:
    """A line across the charts over time.

    Attributes:
        at: Seconds since the start.
        label: What happened to the stack then, in a few words.
        parts: Whether it only separates parts, such as starts: gray, with the labels in one row.
    """

    at: float
    label: str
    parts: bool = False


@dataclass(frozen=True)
class Band:
    """The time from a fault to the recovery from it.

    Attributes:
        begin: Seconds since the start.
        end: Seconds since the start.
    """

    begin: float
    end: float


@dataclass(frozen=True)
class ScenarioCharts:
    """The charts of a scenario.

    Attributes:
        over_time: Latency, throughput, and virtual users.
        distribution: The latency distribution.
        stack: Consumer lag, replication slot, CPU, and memory.
        warm_up: Seconds at the start that latencies exclude.
        marks: What happened to the stack during the scenario, and the faults.
        bands: The time of each fault.
    """

    over_time: tuple[ChartOrPlaceholder, ...]
    distribution: ChartOrPlaceholder
    stack: tuple[ChartOrPlaceholder, ...]
    warm_up: int
    marks: tuple[Mark, ...]
    bands: tuple[Band, ...] = ()

    def data(self) -> Mapping[str, object]:
        """Return the input of the page's script, by the chart's key."""
        parts = (*self.over_time, self.distribution, *self.stack)
        return {
            "warm_up": self.warm_up,
            "marks": self.marks,
            "bands": self.bands,
            "charts": {part.key: part.data() for part in parts if isinstance(part, Chart)},
        }


def scenario_charts(
    series: Series, entry: ScenarioEntry | None, recoveries: Sequence[Recovery] = ()
) -> ScenarioCharts:
    """Return the charts of a scenario; `entry` has what happened to the stack."""
    faults = [Mark(x.began - series.begin, text(x.injection.fault)) for x in recoveries]
    # The ends that a fault ordered are its own mark.
    events = () if entry is None or recoveries else entry.events
    return ScenarioCharts(
        over_time=(latency_over_time(series), throughput(series), virtual_users(series)),
        distribution=distribution(series),
        stack=stack(series),
        warm_up=series.warm_up,
        marks=(*faults, *_marks(series, events)),
        bands=tuple(
            Band(x.began - series.begin, x.steady_again - series.begin) for x in recoveries
        ),
    )


def _marks(series: Series, events: Sequence[EventEntry]) -> Iterator[Mark]:
    for event in events:
        for at, what in ((event.at, event.what), (event.back, "restarted")):
            if at is not None:
                yield Mark(at.timestamp() - series.begin, text(f"{event.component} {what}"))
