"""A report of files that k6 wrote by itself, without verdicts and gates."""

import gzip
import zlib
from collections.abc import Mapping
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cdc_perf.report.html.k6_metrics import main_latency
from cdc_perf.report.html.k6_thresholds import K6Data, k6_thresholds, unknown_thresholds
from cdc_perf.results.foreign_summary import ForeignSummary, read_any_summary
from cdc_perf.results.k6_expression import parse_k6_expression
from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.statistics import (
    PERCENTILES,
    Statistics,
    parsed_k6_name,
    statistics_of,
)
from cdc_perf.results.points.store import Points, read_points
from cdc_perf.results.summary import Metric, NoSummary, Summary, SummaryType
from cdc_perf.runs.run_data import RunData, ScenarioData
from cdc_perf.runs.series import LATENCY_METRIC, read_series

_NOT_JUDGED = (
    "not judged: this project's thresholds and gates, the stack, and the machine are not in "
    "k6's files"
)
_NO_THRESHOLDS = (
    "k6's machine-readable summary has no thresholds: the report has those of the points and marks "
    "them as broken if the samples break them; only k6's exit code says whether the others hold"
)
_MOST_NAMES = 10
_GZIP = b"\x1f\x8b"
_CSV = b"metric_name,timestamp,"


def k6_material(points: Path, summary: Path, units: Mapping[str, str] | None = None) -> RunData:
    """Return a report's data from k6's JSON output, gzipped or not, and its summary.

    Args:
        points: The JSON output.
        summary: The summary.
        units: The units of this project's metrics, by name.
    """
    with TemporaryDirectory(prefix="cdc-perf-report-") as folder, read_points([points]) as found:
        file = Path(folder) / "series.parquet"
        write_series(found, file)
        series = read_series(file, _latency(found))
        read = read_any_summary(summary, found.declared)
        statistics = _statistics(found, read)
    missing = [read.reason] if isinstance(read, NoSummary) else []
    missing += [damage.sentence for damage in found.damage]
    if isinstance(read, Summary) and not found.damage:
        # Figures of incomplete points differ from what k6 measured.
        missing += _disagreement(read, statistics)
        metrics = {x: _completed(m, statistics.get(x)) for x, m in read.metrics.items()}
        read = msgspec.structs.replace(read, metrics=metrics)
    if isinstance(read, ForeignSummary):
        missing += [*read.faults, *([] if read.judged else [_NO_THRESHOLDS])]
    complete = not found.damage
    thresholds = k6_thresholds(K6Data(read, statistics, found.declared, complete, units or {}))
    missing += unknown_thresholds(thresholds)
    scenario = ScenarioData(
        name=points.name.split(".")[0] if isinstance(read, NoSummary) else read.scenario,
        entry=None,
        verdict=None,
        summary=read,
        series=series,
        log={},
        k6_thresholds=thresholds,
        units=units or {},
    )
    return RunData(points.name, None, None, (scenario,), (*missing, _NOT_JUDGED))


def is_k6_csv(path: Path) -> bool:
    """Return whether a file, gzipped or not, is the output of k6's `--out csv`."""
    try:
        with path.open("rb") as plain:
            zipped = plain.read(len(_GZIP)) == _GZIP
        with gzip.open(path) if zipped else path.open("rb") as stream:
            return stream.read(len(_CSV)) == _CSV
    except (OSError, EOFError, zlib.error):
        return False


def _latency(points: Points) -> str:
    """Return the metric to draw as latency."""
    counts = dict(points.rows("SELECT metric, sum(count)::BIGINT FROM tally GROUP BY ALL"))
    timed = {
        name: counts.get(name, 0)
        for name, found in points.declared.items()
        if found.type is SummaryType.TREND and (found.contains == "time" or name == LATENCY_METRIC)
    }
    return main_latency(timed) or LATENCY_METRIC


def _statistics(points: Points, summary: Summary | NoSummary) -> dict[str, Statistics | None]:
    """Return the statistics of each metric's and sub-metric's points, by its name in the file."""
    metrics = {} if isinstance(summary, NoSummary) else summary.metrics
    names = dict.fromkeys([*metrics, *points.declared])
    names |= dict.fromkeys(x for found in points.declared.values() for x in found.submetrics)
    found = {}
    for name in names:
        metric, tags = parsed_k6_name(name)
        declared = points.declared.get(name)
        sources = [*(metrics[name].thresholds if name in metrics else ())]
        sources += declared.thresholds if declared is not None else ()
        shares = {f"p({share * 100:g})": share for share in PERCENTILES.values()}
        for source in sources:
            expression = parse_k6_expression(source)
            if expression is not None and expression.percentile is not None:
                percentile = expression.percentile
                if 0 <= percentile <= 100:  # noqa: PLR2004 - percent
                    shares[f"p({percentile!r})"] = percentile / 100
        found[name] = statistics_of(points, metric, tags, shares)
    return found


def _completed(metric: Metric, found: Statistics | None) -> Metric:
    """Return a trend, with samples and stats that k6 left out added from the raw points."""
    if metric.type is not SummaryType.TREND or found is None:
        return metric
    exact: dict[str, float | None] = {
        "count": float(found.count),
        "avg": found.mean,
        "min": found.least,
        "max": found.largest,
        **{
            f"p({share * 100:g})": found.percentiles.get(f"p({share * 100:g})")
            for share in PERCENTILES.values()
        },
    }
    exact["med"] = exact["p(50)"]
    # A null from k6 is not a gap: JSON has no other way to write infinity.
    return msgspec.structs.replace(metric, values={**exact, **metric.values})


def _disagreement(summary: Summary, statistics: Mapping[str, Statistics | None]) -> list[str]:
    """Return where the summary and the points differ, in at most one sentence."""
    wrong = [
        f"{name} {summarized:,.15g} and {counted:,.15g}"
        for name, metric in summary.metrics.items()
        for summarized, counted in [_counts(metric, statistics.get(name))]
        if summarized is not None and not isclose(summarized, counted, rel_tol=1e-6, abs_tol=1e-9)
    ]
    if not wrong:
        return []
    more = f" and {len(wrong) - _MOST_NAMES} more" if len(wrong) > _MOST_NAMES else ""
    lead = "the summary and the points are from different tests, or points are missing"
    return [f"{lead}: {', '.join(wrong[:_MOST_NAMES])}{more}"]


def _counts(metric: Metric, found: Statistics | None) -> tuple[float | None, float]:
    """Return the summary's count, None if it has none, and the count of the points."""
    values = metric.values
    count = 0 if found is None else found.count
    match metric.type:
        case SummaryType.TREND:
            return values.get("count"), count
        case SummaryType.COUNTER:
            return values.get("count"), 0.0 if found is None else found.total
        case SummaryType.RATE:
            passes, fails = values.get("passes"), values.get("fails")
            return None if passes is None or fails is None else passes + fails, count
    return None, 0.0
