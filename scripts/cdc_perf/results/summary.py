"""summary.json, which k6 writes at the end of a scenario (k6/scripts/lib/report.js)."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from cdc_perf.files import NOT_JSON

SCHEMA_VERSION = 1

_NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class SummaryType(StrEnum):
    """k6's types of metric."""

    TREND = "trend"
    RATE = "rate"
    COUNTER = "counter"
    GAUGE = "gauge"


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One metric or sub-metric.

    Attributes:
        type: k6's type.
        contains: k6's kind of value: `time` (milliseconds), `data`, `default`.
        values: By k6's stat (`p(95)`); null if JavaScript had no finite number.
        thresholds: By k6's expression, whether it holds according to k6.
    """

    type: SummaryType
    contains: str
    values: dict[str, float | None]
    thresholds: dict[str, bool] = {}


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One named check, and how often it passed and failed."""

    name: str
    passes: _NotNegative
    fails: _NotNegative


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The measurements of one scenario.

    Attributes:
        schema_version: The version of this shape.
        scenario: The scenario's name.
        duration_ms: How long k6 ran it.
        metrics: By the metric's or sub-metric's name.
        checks: The scenario's checks.
    """

    schema_version: int
    scenario: str
    duration_ms: Annotated[float, msgspec.Meta(ge=0)]
    metrics: dict[str, Metric]
    checks: tuple[Check, ...]

    def observed(self, metric: str, stat: str) -> float | None:
        """Return a stat by k6's spelling (`p(95)`), or None if absent.

        k6 gives 0 for the stats of a trend or a rate without samples: check `samples` as well.
        """
        found = self.metrics.get(metric)
        return found.values.get(stat) if found else None

    def samples(self, metric: str) -> int:
        """Return the number of samples behind a metric's values; 0 if absent.

        A trend has a count, a rate its passes and fails. A counter or a gauge is one reading,
        because the summary does not contain how often it was set.
        """
        found = self.metrics.get(metric)
        if found is None:
            return 0
        match found.type:
            case SummaryType.TREND:
                counts = [found.values.get("count")]
            case SummaryType.RATE:
                counts = [found.values.get("passes"), found.values.get("fails")]
            case SummaryType.COUNTER:
                return int(found.values.get("count") is not None)
            case SummaryType.GAUGE:
                return int(found.values.get("value") is not None)
        return int(sum(count or 0 for count in counts))


@dataclass(frozen=True)
class NoSummary:
    """There is no usable summary.

    Attributes:
        reason: Why, in a sentence.
    """

    reason: str


class _Version(msgspec.Struct, frozen=True):
    schema_version: int


def read_summary(path: Path) -> Summary | NoSummary:
    """Return the summary in `path`, or why there is none.

    This raises nothing: a scenario whose summary is lost still gets a verdict, and its run goes on.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return NoSummary(f"k6 wrote no {path.name}: see the end of k6.log")
    except OSError as error:
        return NoSummary(f"{path.name} cannot be read: {error.strerror}")
    try:
        version = msgspec.json.decode(content, type=_Version).schema_version
        if version != SCHEMA_VERSION:
            return NoSummary(f"{path.name} has schema version {version}, not {SCHEMA_VERSION}")
        return msgspec.json.decode(content, type=Summary)
    except NOT_JSON as error:
        return NoSummary(f"{path.name} is not a summary: {error}")
