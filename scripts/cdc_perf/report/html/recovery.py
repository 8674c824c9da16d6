"""The page's part about the recovery from faults: a table, and a timeline of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdc_perf.faults.recovery import Recovery
from cdc_perf.report.recoveries import COLUMNS, recovery_cells
from cdc_perf.settings.recovery import (
    CATCH_UP,
    DETECTION,
    LATENCY,
)

HEADERS = ("fault", *COLUMNS.values())


@dataclass(frozen=True)
class Moment:
    """A moment of a recovery.

    Attributes:
        what: What happened then.
        text: When, in seconds after the injection.
        share: When, as a share of the timeline, 0 to 1.
        kind: The class of its mark: `detected`, `flowing`, `caught`, `latency`.
    """

    what: str
    text: str
    share: float
    kind: str


@dataclass(frozen=True)
class RecoveryRow:
    """The recovery from one fault.

    Attributes:
        cells: The fault and its measures, in the order of `HEADERS`.
        description: What the fault does.
        proof: How it was seen to happen.
        signal: What showed it to an operator; empty: nothing.
        unknown: Why measures have no value, one sentence each.
        moments: Its timeline from the injection on, in the order of time.
        down: The share of the timeline until changes arrived again.
    """

    cells: Sequence[str]
    description: str
    proof: str
    signal: str
    unknown: tuple[str, ...]
    moments: tuple[Moment, ...]
    down: float


def recovery_rows(recoveries: Sequence[Recovery]) -> tuple[RecoveryRow, ...]:
    """Return the rows; all timelines have the same scale."""
    longest = max((x.steady_again - x.began for x in recoveries), default=0.0) or 1.0
    return tuple(_row(each, longest) for each in recoveries)


def _row(recovery: Recovery, longest: float) -> RecoveryRow:
    injection = recovery.injection
    return RecoveryRow(
        cells=recovery_cells(recovery),
        description=injection.description,
        proof=injection.proof,
        signal=injection.signal,
        unknown=tuple(
            f"{name}: {measure.why}" for name, measure in recovery.measures.items() if measure.why
        ),
        moments=_moments(recovery, longest),
        down=min(1.0, max(0.0, recovery.flowing_again - recovery.began) / longest),
    )


def _moments(recovery: Recovery, longest: float) -> tuple[Moment, ...]:
    found = [
        ("first change through", recovery.flowing_again - recovery.began, "flowing"),
        *(
            (what, measure.value, kind)
            for name, what, kind in (
                (DETECTION, "detected", "detected"),
                (CATCH_UP, "caught up", "caught"),
                (LATENCY, "latency back", "latency"),
            )
            if (measure := recovery.measures.get(name)) is not None
            and measure.value is not None
            and not measure.at_least
        ),
    ]
    found.sort(key=lambda moment: moment[1])
    return tuple(
        Moment(what, f"{at:,.2f} s", min(1.0, max(0.0, at / longest)), kind)
        for what, at, kind in found
    )
