"""A ratio with its interval as a bar around no change, next to the change that matters."""

from collections.abc import Iterable
from dataclasses import dataclass

from cdc_perf.report.version_comparison import change_text

# The bars of a table end at twice the change that matters, or beyond its largest change up to 200%.
_LEAST_MARGINS = 2
_ROOM = 1.1
_MOST = 2.0


@dataclass(frozen=True)
class RatioBar:
    """A bar; positions are -1 to 1, with no change at 0.

    Attributes:
        value: The ratio.
        margin: The change that matters.
        low: The lower end of the interval; None if there is none.
        high: The upper end.
        label: The same in words.
    """

    value: float
    margin: float
    low: float | None
    high: float | None
    label: str


def bar_scale(ratios: Iterable[float | None], effect: float) -> float:
    """Return the change at which the bars of a table end, as a share.

    Args:
        ratios: The ratios of the table and the ends of their intervals.
        effect: The change that matters, as a share.
    """
    changes = [_ROOM * abs(ratio - 1) for ratio in ratios if ratio is not None]
    return min(max([_LEAST_MARGINS * effect, *changes]), _MOST)


def ratio_bar(
    ratio: float,
    ends: tuple[float | None, float | None],
    effect: float,
    scale: float,
) -> RatioBar:
    """Return the bar of a ratio.

    Args:
        ratio: The ratio of head to base.
        ends: The ends of its interval; None if there is none.
        effect: The change that matters, as a share.
        scale: The change at which bars end, as a share.
    """
    low, high = ends
    interval = "" if low is None or high is None else f", {change_text(low)} to {change_text(high)}"
    return RatioBar(
        value=_position(ratio, scale),
        margin=_position(1 + effect, scale),
        low=None if low is None else _position(low, scale),
        high=None if high is None else _position(high, scale),
        label=f"{change_text(ratio)}{interval}",
    )


def _position(ratio: float, scale: float) -> float:
    return min(max((ratio - 1) / scale, -1.0), 1.0)
