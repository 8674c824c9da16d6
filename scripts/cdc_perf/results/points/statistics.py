"""Exact statistics of points, metric by metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from types import MappingProxyType
from typing import Any

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.results.points.store import Points, sql_text, time_of
from cdc_perf.results.summary import SummaryType
from cdc_perf.settings.tag_selector import with_tags

PERCENTILES: Mapping[str, float] = MappingProxyType(
    {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
)


@dataclass(frozen=True)
class Statistics:
    """The statistics of one metric's points, or of those that share some tags.

    Attributes:
        metric: The metric's name.
        type: k6's type.
        tags: The tags that these points share, without those that they lack.
        count: The number of points.
        total: Sum of the values; for a counter, k6's count.
        least: The smallest value, in the metric's unit.
        largest: The largest value.
        mean: Their mean.
        percentiles: `p50` to `p99.9` of a trend; empty for other types.
        passes: The number of nonzero values of a rate; None for other types.
        first: Time of the first point, UTC, to the microsecond.
        last: Time of the last point.
    """

    metric: str
    type: SummaryType
    tags: Mapping[str, str]
    count: int
    total: float
    least: float
    largest: float
    mean: float
    percentiles: Mapping[str, float]
    passes: int | None
    first: datetime
    last: datetime

    @property
    def k6_name(self) -> str:
        """The name of k6's metric or sub-metric: `cdc_e2e_latency{phase:steady}`."""
        return with_tags(self.metric, self.tags.items())

    @property
    def fails(self) -> int | None:
        """The number of zero values of a rate; None for other types."""
        return None if self.passes is None else self.count - self.passes


def parsed_k6_name(name: str) -> tuple[str, dict[str, str]]:
    """Return the metric and the tags of a k6 name such as `cdc_e2e_latency{phase:steady}`.

    Spaces and quotes around a tag and its value do not count: `m{ name: "a" }` is `m{name:a}`
    (Metric.AddSubmetric in metrics/metric.go).
    """
    metric, _, chosen = name.removesuffix("}").partition("{")
    pairs = (pair.partition(":") for pair in chosen.strip().split(",") if pair)
    return metric, {_bare(tag): _bare(value) for tag, _, value in pairs}


def _bare(text: str) -> str:
    return text.strip().strip("\"'")


def statistics(points: Points, by: Sequence[str] = ()) -> tuple[Statistics, ...]:
    """Return the statistics of every metric, for each combination of values of some tags.

    Percentile q of n sorted values is at position q(n-1), counted from 0, linear between its
    neighbors, as in k6 (TrendSink.P in metrics/sink.go) and as type 7 in Hyndman and Fan, The
    American Statistician 50, 1996. Values of one metric are in memory at a time, 8 bytes each.

    Args:
        points: The points.
        by: Names of tags, such as `phase` or `operation`; if empty, each metric as a whole.
    """
    columns = "".join(f", {_tag(name)}" for name in by)
    found = points.rows(
        f"""
        SELECT
            metric, sum(count)::BIGINT, fsum(total), min(least), max(largest),
            sum(passes)::BIGINT, min(first), max(last) {columns}
        FROM tally GROUP BY ALL ORDER BY ALL
        """
    )
    trends = {metric for metric, *_ in found if points.types.get(metric) is SummaryType.TREND}
    percentiles = {
        (metric, *tags): dict(zip(PERCENTILES, values, strict=True))
        for metric in sorted(trends)
        for values, *tags in _percentiles(points, metric, by)
    }
    statistics = []
    for metric, count, total, least, largest, passes, first, last, *tags in found:
        kind = points.types.get(metric, SummaryType.GAUGE)
        statistics.append(
            Statistics(
                metric=metric,
                type=kind,
                tags={x: value for x, value in zip(by, tags, strict=True) if value is not None},
                count=count,
                total=total,
                least=least,
                largest=largest,
                mean=total / count,
                percentiles=percentiles.get((metric, *tags), {}),
                passes=passes if kind is SummaryType.RATE else None,
                first=time_of(first),
                last=time_of(last),
            )
        )
    return tuple(statistics)


def statistics_of(
    points: Points, metric: str, tags: Mapping[str, str], percentiles: Mapping[str, float]
) -> Statistics | None:
    """Return the statistics of a metric's points with some tags; None if there is no such point.

    Args:
        points: The points.
        metric: The metric.
        tags: The tags that the points must have, as for k6's sub-metrics; may be empty.
        percentiles: The percentiles of a trend to compute: a share of 0 to 1 by name.
    """
    found = points.rows(
        "SELECT tags, count, total, least, largest, passes, first, last FROM tally "
        "WHERE metric = ?",
        metric,
    )
    carried = [row for row in found if not tags or _carries(row[0], tags)]
    if not carried:
        return None
    kind = points.types.get(metric, SummaryType.GAUGE)
    count, total = sum(row[1] for row in carried), fsum(row[2] for row in carried)
    values: Sequence[float] = ()
    if kind is SummaryType.TREND and percentiles:
        texts, shares = [row[0] for row in carried], list(percentiles.values())
        ((values,),) = points.rows(
            f"SELECT quantile_cont(value, {shares}) FROM point "
            "WHERE metric = ? AND tags IN (SELECT unnest(?::VARCHAR[]))",
            metric,
            texts,
        )
    return Statistics(
        metric=metric,
        type=kind,
        tags=tags,
        count=count,
        total=total,
        least=min(row[3] for row in carried),
        largest=max(row[4] for row in carried),
        mean=total / count,
        percentiles=dict(zip(percentiles, values, strict=True)) if values else {},
        passes=sum(row[5] for row in carried) if kind is SummaryType.RATE else None,
        first=time_of(min(row[6] for row in carried)),
        last=time_of(max(row[7] for row in carried)),
    )


def _carries(text: str, tags: Mapping[str, str]) -> bool:
    """Return whether points with this JSON text of tags belong to a sub-metric."""
    try:
        carried = msgspec.json.decode(text)
    except NOT_JSON:
        return False
    return isinstance(carried, dict) and tags.items() <= carried.items()


def order_statistics(
    points: Points, metric: str, tags: Mapping[str, str], ranks: Sequence[int]
) -> dict[int, float]:
    """Return the values at some ranks, by rank; rank 1 is the smallest value.

    Args:
        points: The points.
        metric: The metric.
        tags: The tags that the points must have.
        ranks: Each from 1 to the number of those points.

    Raises:
        ValueError: If a rank exceeds the number of points.
    """
    chosen = f"FROM point SEMI JOIN ({tag_texts(metric, tags)}) USING (tags) WHERE metric = ?"
    ((count,),) = points.rows(f"SELECT count(*) {chosen}", metric)
    if any(not 1 <= rank <= count for rank in ranks):
        raise ValueError(f"{metric} has {count} points: invalid rank among {list(ranks)}")
    if not ranks:
        return {}
    # The middle of a rank's share of the distribution, so that rounding picks no neighbor.
    shares = [(rank - 0.5) / count for rank in ranks]
    ((values,),) = points.rows(f"SELECT quantile_disc(value, {shares}) {chosen}", metric)
    return dict(zip(ranks, values, strict=True))


def tag_texts(metric: str, tags: Mapping[str, str]) -> str:
    """Return SQL for the texts of tags that a metric's points have, of those with some tags."""
    conditions = "".join(f" AND {_tag(name)} = {sql_text(value)}" for name, value in tags.items())
    return f"SELECT tags FROM tally WHERE metric = {sql_text(metric)}{conditions}"


def _percentiles(points: Points, metric: str, by: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return a trend's percentiles, then the tags, for each combination of the tags' values."""
    columns = "".join(f", {_tag(name)} AS tag_{index}" for index, name in enumerate(by))
    groups = "".join(f", tag_{index}" for index in range(len(by)))
    return points.rows(
        f"""
        SELECT quantile_cont(value, {list(PERCENTILES.values())}) {groups}
        FROM point JOIN (SELECT tags {columns} FROM tally WHERE metric = ?) USING (tags)
        WHERE metric = ?
        GROUP BY ALL
        """,
        *(metric, metric),
    )


def _tag(name: str) -> str:
    """Return SQL for a tag's value by its JSON pointer (RFC 6901); NULL if absent."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string(tags, {sql_text('/' + escaped)})"
