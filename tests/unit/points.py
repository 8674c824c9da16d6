"""Files of points for tests, and what plain Python makes of the same points."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from math import ceil, floor
from pathlib import Path

BEGIN = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
TYPES = {
    "cdc_e2e_latency": "trend",
    "generator_delay": "trend",
    "cdc_success_rate": "rate",
    "iterations": "counter",
    "vus": "gauge",
}


@dataclass(frozen=True)
class Point:
    """A sample; `at` counts in microseconds from BEGIN."""

    metric: str
    value: float
    at: int = 0
    tags: Mapping[str, str] | None = field(default_factory=dict)

    def line(self, *, offset_minutes: int = 0, turned: bool = False) -> str:
        """Return the line, as k6 writes it or with its keys in the opposite order."""
        zone = timezone(timedelta(minutes=offset_minutes))
        time = (BEGIN + timedelta(microseconds=self.at)).astimezone(zone)
        tags = None if self.tags is None else dict(self.tags)
        data = {"time": time.isoformat(), "value": self.value, "tags": tags}
        return _line({"metric": self.metric, "type": "Point", "data": data}, turned=turned)


def declaration(metric: str, kind: str) -> str:
    data = {"name": metric, "type": kind, "contains": "default", "thresholds": []}
    return _line({"type": "Metric", "data": data, "metric": metric})


def text_of(points: Iterable[Point], types: Mapping[str, str] = TYPES) -> bytes:
    """Return what k6 writes of points, the declarations first."""
    lines = [declaration(metric, kind) for metric, kind in types.items()]
    return "".join([*lines, *(point.line() for point in points)]).encode()


def write_points(path: Path, points: Iterable[Point], types: Mapping[str, str] = TYPES) -> Path:
    path.write_bytes(gzip.compress(text_of(points, types)))
    return path


def percentile(values: Iterable[float], share: float) -> float:
    """Return a percentile as k6 defines it, of values in any order."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below, above = ordered[floor(position)], ordered[ceil(position)]
    return below + (above - below) * (position - floor(position))


def _line(content: Mapping[str, object], *, turned: bool = False) -> str:
    def turn(value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: turn(below) for key, below in reversed(value.items())}

    return json.dumps(turn(dict(content)) if turned else content, separators=(",", ":")) + "\n"
