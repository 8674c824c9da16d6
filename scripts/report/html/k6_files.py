"""A report of files that k6 wrote by itself: nobody judged them, and no gate looked at them."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from scripts.report.html.material import RunMaterial, ScenarioMaterial
from scripts.report.html.series import read_series
from scripts.results.foreign_summary import read_any_summary
from scripts.results.points.series import write_series
from scripts.results.points.statistics import Statistics, parsed_k6_name, statistics
from scripts.results.points.store import read_points
from scripts.results.summary import Metric, NoSummary, Summary, SummaryType
from scripts.settings.expressions import parse_expression
from scripts.settings.metrics import MetricType
from scripts.settings.samples import samples_needed
from scripts.verdict.records import ThresholdResult

_NOT_JUDGED = (
    "nobody judged it: the limits and gates of this project, its stack and its machine are not in "
    "k6's files"
)


def k6_material(points: Path, summary: Path) -> RunMaterial:
    """Return what k6's JSON output, gzipped or not, and a summary of it come to."""
    read = read_any_summary(summary)
    missing = [read.reason] if isinstance(read, NoSummary) else []
    with TemporaryDirectory(prefix="cdc-perf-report-") as folder, read_points([points]) as found:
        file = Path(folder) / "series.parquet"
        write_series(found, file)
        series = read_series(file)
        missing += [damage.sentence for damage in found.damage]
        if isinstance(read, Summary):
            groups = {tuple(parsed_k6_name(name)[1]) for name in read.metrics}
            known = {x.k6_name: x for by in groups for x in statistics(found, by)}
            metrics = {name: _completed(m, known.get(name)) for name, m in read.metrics.items()}
            read = msgspec.structs.replace(read, metrics=metrics)
    scenario = ScenarioMaterial(
        name=points.name.split(".")[0] if isinstance(read, NoSummary) else read.scenario,
        entry=None,
        verdict=None,
        summary=read,
        series=series,
        log={},
        k6_thresholds=() if isinstance(read, NoSummary) else _thresholds(read.metrics),
    )
    return RunMaterial(points.name, None, None, (scenario,), (*missing, _NOT_JUDGED))


def _completed(metric: Metric, found: Statistics | None) -> Metric:
    """Return a trend with the samples and percentiles that k6 left out, from the raw points."""
    if metric.type is not SummaryType.TREND or found is None:
        return metric
    exact = {f"p({name[1:]})": value for name, value in found.percentiles.items()}
    values = {"count": float(found.count), **exact, **metric.values}
    return msgspec.structs.replace(metric, values=values)


def _thresholds(metrics: Mapping[str, Metric]) -> tuple[ThresholdResult, ...]:
    """Return what k6 itself found of the limits whose form is known here."""
    return tuple(
        result
        for name, metric in metrics.items()
        for text, ok in metric.thresholds.items()
        if (result := _threshold(name, metric, text, ok=ok)) is not None
    )


def _threshold(name: str, metric: Metric, text: str, *, ok: bool) -> ThresholdResult | None:
    expression = parse_expression(text)
    if expression is None:
        return None
    summary = Summary(1, "", 0.0, {name: metric}, ())
    try:
        needed = samples_needed(MetricType(metric.type), expression.stat, expression.limit)
    except (ValueError, ZeroDivisionError):
        # A gauge, or a rate of 0 or 1, of which no number of samples is enough.
        needed = 0
    return ThresholdResult(
        metric=name,
        stat=expression.stat,
        operator=expression.operator,
        limit=expression.limit,
        observed=summary.observed(name, expression.k6_stat),
        samples=summary.samples(name),
        samples_needed=needed,
        ok=ok,
    )
