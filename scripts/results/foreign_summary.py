"""A summary as k6 writes it by itself, without this project's scripts.

Two shapes: what `handleSummary` is given, and what `--summary-export` writes, which has neither
types nor counts of samples, and marks a threshold with whether it was crossed.
https://grafana.com/docs/k6/latest/results-output/end-of-test/custom-summary/
https://github.com/grafana/k6/blob/v1.8.1/internal/js/summary.js
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from scripts.results.summary import (
    SCHEMA_VERSION,
    Check,
    Metric,
    NoSummary,
    Summary,
    SummaryType,
    read_summary,
)

_Stats = dict[str, float | None]


class _Threshold(msgspec.Struct, frozen=True):
    ok: bool


class _GivenMetric(msgspec.Struct, frozen=True):
    type: SummaryType
    values: _Stats
    contains: str = ""
    thresholds: dict[str, _Threshold] = {}


class _Check(msgspec.Struct, frozen=True):
    name: str
    passes: int
    fails: int


class _Group(msgspec.Struct, frozen=True):
    checks: tuple[_Check, ...] = ()


class _State(msgspec.Struct, frozen=True, rename="camel"):
    test_run_duration_ms: float = msgspec.field(name="testRunDurationMs")


class _Given(msgspec.Struct, frozen=True):
    """What `handleSummary` is given, as far as it is of use."""

    metrics: dict[str, _GivenMetric]
    state: _State
    root_group: _Group = _Group()


class _ExportedGroup(msgspec.Struct, frozen=True):
    checks: dict[str, _Check] = {}


class _Exported(msgspec.Struct, frozen=True):
    """What `--summary-export` writes, as far as it is of use."""

    metrics: dict[str, dict[str, float | dict[str, bool] | None]]
    root_group: _ExportedGroup = _ExportedGroup()


def read_any_summary(path: Path) -> Summary | NoSummary:
    """Return the summary in a file: this project's, or one of k6's own; or why there is none."""
    own = read_summary(path)
    if isinstance(own, Summary):
        return own
    try:
        content = path.read_bytes()
    except OSError:
        return own
    for read in (_given, _exported):
        try:
            return read(content, path.stem)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return NoSummary(f"{path.name} is no summary of k6, neither handleSummary's nor an export")


def _given(content: bytes, name: str) -> Summary:
    given = msgspec.json.decode(content, type=_Given)
    metrics = {
        metric: Metric(
            type=found.type,
            contains=found.contains,
            values=_spelt(found.type, found.values),
            thresholds={text: threshold.ok for text, threshold in found.thresholds.items()},
        )
        for metric, found in given.metrics.items()
    }
    duration = given.state.test_run_duration_ms
    return Summary(SCHEMA_VERSION, name, duration, metrics, _checks(given.root_group.checks))


def _exported(content: bytes, name: str) -> Summary:
    exported = msgspec.json.decode(content, type=_Exported)
    metrics = {metric: _of_export(found) for metric, found in exported.metrics.items()}
    checks = _checks(exported.root_group.checks.values())
    # The export does not say how long the test took.
    return Summary(SCHEMA_VERSION, name, 0.0, metrics, checks)


def _checks(found: Iterable[_Check]) -> tuple[Check, ...]:
    return tuple(Check(x.name, x.passes, x.fails) for x in found)


def _of_export(found: Mapping[str, float | dict[str, bool] | None]) -> Metric:
    values = {stat: value for stat, value in found.items() if not isinstance(value, dict)}
    crossed = found.get("thresholds")
    kind = _type_of(values)
    if kind is SummaryType.RATE:
        values["rate"] = values.pop("value", None)
    return Metric(
        type=kind,
        contains="",
        values=_spelt(kind, values),
        thresholds={text: not x for text, x in crossed.items()}
        if isinstance(crossed, dict)
        else {},
    )


def _type_of(values: _Stats) -> SummaryType:
    if "avg" in values:
        return SummaryType.TREND
    if "passes" in values:
        return SummaryType.RATE
    return SummaryType.COUNTER if "count" in values else SummaryType.GAUGE


def _spelt(kind: SummaryType, values: _Stats) -> _Stats:
    """Return the stats of a trend with its median by the name that this project asks for."""
    if kind is SummaryType.TREND and "med" in values:
        return {"p(50)": values["med"], **values}
    return values
