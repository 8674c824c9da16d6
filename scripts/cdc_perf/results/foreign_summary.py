"""A summary that k6 writes by itself, without this project's scripts.

k6 has three shapes: the argument of `handleSummary`; the output of `--summary-export`, which has no
types and marks each threshold with whether it was crossed; and, since k6 1.5, the machine-readable
summary, which has no thresholds.
https://grafana.com/docs/k6/latest/results-output/end-of-test/custom-summary/
https://github.com/grafana/k6/blob/v1.8.1/internal/js/summary-wrapper.js
https://github.com/grafana/k6/blob/v1.8.1/internal/lib/summary/machine_readable.go
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.results.points.declared import Declared
from cdc_perf.results.points.statistics import parsed_k6_name
from cdc_perf.results.summary import (
    SCHEMA_VERSION,
    Check,
    Metric,
    NoSummary,
    Summary,
    SummaryType,
    read_summary,
)

_MACHINE_READABLE = "1."
UNNAMED_CHECKS = "checks without a name in the summary"
CHECKS = "checks"
_TYPES = {kind.value for kind in SummaryType}
_SAME_AS_CHECKS = ("checks_total", "checks_failed")
# What k6's built-in metrics contain: an export does not say (metrics/builtin.go).
_BUILT_IN = {
    **dict.fromkeys(
        (
            *("iteration_duration", "group_duration", "grpc_req_duration"),
            *("ws_ping", "ws_session_duration", "ws_connecting"),
            *("http_req_duration", "http_req_blocked", "http_req_connecting"),
            *("http_req_tls_handshaking", "http_req_sending", "http_req_waiting"),
            "http_req_receiving",
        ),
        "time",
    ),
    "data_sent": "data",
    "data_received": "data",
}
# From the machine-readable summary's spelling to that of the others.
_SPELLINGS = {"p90": "p(90)", "p95": "p(95)"}


class ForeignSummary(Summary, frozen=True):
    """A summary that k6 wrote by itself.

    Attributes:
        judged: Whether its shape says which thresholds hold.
        unclear: Thresholds whose outcome cannot be read: metric and expression.
        faults: What was left out because it cannot be read, one sentence each.
    """

    judged: bool = True
    unclear: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()


def read_any_summary(
    path: Path, declared: Mapping[str, Declared] | None = None
) -> Summary | NoSummary:
    """Return the summary in a file, this project's or one of k6's shapes, or why there is none.

    Args:
        path: The file.
        declared: k6's declarations of the test's metrics, if known: an export does not have the
            types of metrics.
    """
    own = read_summary(path)
    if isinstance(own, Summary):
        return own
    try:
        content = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError:
        return own
    except NOT_JSON:
        content = None
    none = NoSummary(f"{path.name} is not a k6 summary, from handleSummary or --summary-export")
    if not isinstance(content, dict):
        return none
    if "schema_version" in content:
        return own
    try:
        return _Reader(path.stem, declared or {}).read(content) or none
    except RecursionError:  # pragma: no cover - from Python 3.12 on; 3.11's decoder fails first
        return none


class _Reader:
    """Reads one file; it records what it cannot read and leaves it out."""

    def __init__(self, name: str, declared: Mapping[str, Declared]) -> None:
        self._name = name
        self._declared = declared
        self._faults: list[str] = []
        self._unclear: list[tuple[str, str]] = []

    def read(self, content: Mapping[str, Any]) -> ForeignSummary | None:
        results, metrics = content.get("results"), content.get("metrics")
        if isinstance(results, dict) and isinstance(results.get("metrics"), list):
            return self._machine_readable(content, results)
        if metrics is None and content and all(map(_is_metric, content.values())):
            # A `handleSummary` that keeps only `data.metrics` writes this.
            metrics = content
        if not isinstance(metrics, dict):
            return None
        found = {}
        for name, raw in metrics.items():
            given = isinstance(raw, dict) and isinstance(raw.get("values"), dict)
            metric = self._given(name, raw) if given else self._exported(name, raw)
            if metric is not None:
                found[name] = metric
        checks = tuple(self._checks(content.get("root_group"), ""))
        state = content.get("state")
        duration = _number(state.get("testRunDurationMs")) if isinstance(state, dict) else None
        return self._summary(duration or _duration(found.values()), found, checks)

    def _summary(
        self,
        duration: float,
        metrics: Mapping[str, Metric],
        checks: tuple[Check, ...],
        *,
        judged: bool = True,
    ) -> ForeignSummary:
        return ForeignSummary(
            SCHEMA_VERSION,
            self._name,
            max(duration, 0.0),
            dict(metrics),
            (*checks, *_unnamed(metrics.get(CHECKS), checks)),
            judged=judged,
            unclear=tuple(self._unclear),
            faults=tuple(self._faults),
        )

    def _given(self, name: str, raw: Mapping[str, Any]) -> Metric | None:
        """Return a metric in the shape of `handleSummary`'s argument."""
        return self._metric(
            name, raw.get("type"), raw.get("contains"), raw["values"], raw.get("thresholds")
        )

    def _exported(self, name: str, raw: object) -> Metric | None:
        """Return a metric in the shape of `--summary-export`."""
        if not isinstance(raw, dict):
            self._not_understood(name)
            return None
        values = {stat: value for stat, value in raw.items() if stat != "thresholds"}
        kind = self._type_of(name, values)
        if kind is SummaryType.RATE and "value" in values:
            values["rate"] = values.pop("value")
        return self._metric(name, kind, None, values, raw.get("thresholds"))

    def _type_of(self, name: str, values: Mapping[str, object]) -> SummaryType:
        """Return the declared type; without one, the only type that has such stats."""
        base = self._declared.get(parsed_k6_name(name)[0])
        if base is not None and base.type is not None:
            return base.type
        if "passes" in values:
            return SummaryType.RATE
        if "value" in values:
            return SummaryType.GAUGE
        # A trend can have a count, but no rate.
        return SummaryType.COUNTER if "rate" in values else SummaryType.TREND

    def _metric(
        self, name: str, kind: object, contains: object, values: object, thresholds: object
    ) -> Metric | None:
        if not isinstance(kind, str) or kind not in _TYPES or not isinstance(values, dict):
            self._not_understood(name)
            found = thresholds if isinstance(thresholds, dict) else {}
            self._unclear += [(name, text) for text in found]
            return None
        numbers = {}
        for stat, value in values.items():
            if value is not None and _number(value) is None:
                self._faults.append(
                    f"{self._name}: ignored {stat} of {name}, which is not a number"
                )
            else:
                numbers[stat] = _number(value)
        whole = parsed_k6_name(name)[0]
        base = self._declared.get(whole)
        known = base.contains if base is not None else _BUILT_IN.get(whole, "")
        kind = SummaryType(kind)
        return Metric(
            type=kind,
            contains=contains if isinstance(contains, str) and contains else known,
            values=_spelled(kind, numbers),
            thresholds=dict(self._thresholds(name, thresholds)),
        )

    def _thresholds(self, metric: str, found: object) -> Iterator[tuple[str, bool]]:
        """Yield each threshold and whether it holds; an export has whether it was crossed."""
        if found is None:
            return
        if not isinstance(found, dict):
            self._unclear.append((metric, ""))
            return
        for text, outcome in found.items():
            ok = outcome.get("ok") if isinstance(outcome, dict) else None
            if isinstance(outcome, bool):
                yield text, not outcome
            elif isinstance(ok, bool):
                yield text, ok
            else:
                self._unclear.append((metric, text))

    def _machine_readable(
        self, content: Mapping[str, Any], results: Mapping[str, Any]
    ) -> ForeignSummary:
        version = str(content.get("version", ""))
        if not version.startswith(_MACHINE_READABLE):
            known = f"supported: {_MACHINE_READABLE}x"
            self._faults.append(f"{self._name} has version {version or 'unknown'}; {known}")
        checks = results.get("checks")
        checks = checks if isinstance(checks, dict) else {}
        config = content.get("config")
        seconds = _number(config.get("duration")) if isinstance(config, dict) else None
        metrics = {}
        for raw in (*results["metrics"], *_listed(checks.get("metrics"))):
            metric = self._of_results(raw, seconds or 0.0)
            if metric is not None:
                metrics[raw["name"]] = metric
        # The file has this metric three times.
        succeeded = metrics.pop("checks_succeeded", None)
        if succeeded is not None:
            metrics[CHECKS] = succeeded
            metrics = {k: v for k, v in metrics.items() if k not in _SAME_AS_CHECKS}
        named = tuple(self._check(raw, "") for raw in _listed(checks.get("results")))
        found = tuple(check for check in named if check is not None)
        return self._summary(1000 * (seconds or 0.0), metrics, found, judged=False)

    def _of_results(self, raw: object, seconds: float) -> Metric | None:
        name = raw.get("name") if isinstance(raw, dict) else None
        values = raw.get("values") if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or not isinstance(name, str) or not isinstance(values, dict):
            self._not_understood(str(name or raw)[:100])
            return None
        values = {_SPELLINGS.get(stat, stat): value for stat, value in values.items()}
        matches, total = _number(values.get("matches")), _number(values.get("total"))
        if matches is not None and total is not None:
            rate = {"rate": values.get("rate")} if total else {}
            values = {**rate, "passes": matches, "fails": total - matches}
        count = _number(values.get("count"))
        if raw.get("type") == SummaryType.COUNTER and count is not None and seconds:
            values.setdefault("rate", count / seconds)
        return self._metric(name, raw.get("type"), raw.get("contains"), values, None)

    def _checks(self, group: object, path: str) -> Iterator[Check]:
        """Yield the checks of a group and its subgroups; k6 writes them as lists or as objects."""
        if not isinstance(group, dict):
            return
        for raw in _listed(group.get(CHECKS)):
            check = self._check(raw, path)
            if check is not None:
                yield check
        for below in _listed(group.get("groups")):
            name = below.get("name", "") if isinstance(below, dict) else ""
            yield from self._checks(below, f"{path}{name}::")

    def _check(self, raw: object, path: str) -> Check | None:
        try:
            check = msgspec.convert(raw, type=_Check)
        except msgspec.ValidationError:
            self._faults.append(f"{self._name}: ignored an unknown form of check: {str(raw)[:100]}")
            return None
        return Check(path + check.name, check.passes, check.fails)

    def _not_understood(self, name: str) -> None:
        self._faults.append(f"{self._name}: ignored the metric {name}, which has an unknown form")


class _Check(msgspec.Struct, frozen=True):
    name: str
    passes: int
    fails: int


def _is_metric(found: object) -> bool:
    return isinstance(found, dict) and {"type", "values"} <= found.keys()


def _unnamed(metric: Metric | None, checks: Iterable[Check]) -> Iterator[Check]:
    """Yield the checks that k6's metric counts without a name."""
    if metric is None:
        return
    named = list(checks)
    passes = int(metric.values.get("passes") or 0) - sum(check.passes for check in named)
    fails = int(metric.values.get("fails") or 0) - sum(check.fails for check in named)
    if passes > 0 or fails > 0:
        yield Check(UNNAMED_CHECKS, max(passes, 0), max(fails, 0))


def _duration(metrics: Iterable[Metric]) -> float:
    """Return the test's length in milliseconds, from a counter's count and rate; 0 if unknown."""
    for metric in metrics:
        count, rate = metric.values.get("count"), metric.values.get("rate")
        if metric.type is SummaryType.COUNTER and count and rate:
            return 1000 * count / rate
    return 0.0


def _spelled(kind: SummaryType, values: dict[str, float | None]) -> dict[str, float | None]:
    """Return the stats; a trend also gets its median under this project's name, `p(50)`."""
    if kind is SummaryType.TREND and values.get("med") is not None:
        return {"p(50)": values["med"], **values}
    return values


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if isfinite(value) else None
    except OverflowError:
        return None


def _listed(found: object) -> list[Any]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else []
