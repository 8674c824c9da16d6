"""k6's declaration of a metric, which it writes before the first point."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.results.summary import SummaryType


@dataclass(frozen=True)
class Declared:
    """A metric's declaration.

    Attributes:
        type: k6's type; None if k6 has no such type.
        contains: k6's kind of value: `time`, `data`, `default`.
        thresholds: The thresholds on the metric as a whole, as spelled in the file; k6's files lack
            those on sub-metrics.
        submetrics: The names of its sub-metrics, `m{name:a}`.
    """

    type: SummaryType | None
    contains: str = ""
    thresholds: tuple[str, ...] = ()
    submetrics: tuple[str, ...] = ()


T = TypeVar("T")


class _Threshold(msgspec.Struct, frozen=True):
    threshold: str


class _Submetric(msgspec.Struct, frozen=True):
    name: str


def declared_of(kind: str, contains: str | None, thresholds: str, submetrics: str) -> Declared:
    """Return the declaration in these columns, the last two of which are JSON."""
    known = {each.value for each in SummaryType}
    return Declared(
        type=SummaryType(kind) if kind in known else None,
        contains=contains or "",
        thresholds=tuple(
            each if isinstance(each, str) else each.threshold
            for each in _decoded(thresholds, list[str | _Threshold])
        ),
        submetrics=tuple(each.name for each in _decoded(submetrics, list[_Submetric])),
    )


def _decoded(text: str, kind: type[list[T]]) -> list[T]:
    try:
        return msgspec.json.decode(text, type=kind | None) or []
    except NOT_JSON:
        return []
