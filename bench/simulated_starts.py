"""Starts of two versions from a model of the noise."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from math import exp, log2, sqrt
from random import Random

from cdc_perf.results.comparison import HopTime, Side, Slice, Start
from cdc_perf.settings.hops import ALL_HOPS
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99

_PAIRS = 3
_SLICE_SECONDS = 5.0
_SAMPLES = 150
# More than those beyond p99.
_TAIL = 3
_BEGAN = datetime(2026, 11, 29, tzinfo=UTC)
_OUTLIER = 1.2


@dataclass(frozen=True)
class Noise:
    """The noise of a figure, as standard deviations of logarithms.

    Attributes:
        between: Of a version between starts.
        within: Of the ratio of two neighboring slices.
        outliers: The share of the pairs in which one slice is 20% slower.
    """

    between: float
    within: float
    outliers: float = 0.0

    def times(self, factor: float) -> "Noise":
        """Return the noise of a noisier machine."""
        return replace(self, between=factor * self.between, within=factor * self.within)


# As measured on 2 quiet cores; that of the hops is assumed.
QUIET: Mapping[str, Noise] = {
    E2E_P50: Noise(0.016, 0.023),
    E2E_P95: Noise(0.013, 0.06, outliers=1 / 20),
    E2E_P99: Noise(0.0, 0.11),
    **{hop.metric: Noise(0.02, 0.03) for hop in ALL_HOPS},
}
_LEVELS = {E2E_P50: 10.0, E2E_P95: 16.0, E2E_P99: 20.0, **{hop.metric: 3.0 for hop in ALL_HOPS}}


def simulated_starts(
    random: Random, noise: Mapping[str, Noise], change: Mapping[str, float], seconds: float
) -> Iterator[Start]:
    """Yield starts without end.

    Args:
        random: Draws the noise.
        noise: The noise of each figure.
        change: The factor of head for the figures that change.
        seconds: How long a start takes.
    """
    for number in count(1):
        yield _start(number, seconds, _slices(random, noise, change))


def _start(number: int, seconds: float, slices: tuple[Slice, ...]) -> Start:
    return Start(
        number=number,
        began=_BEGAN,
        seconds=seconds,
        warm_up_seconds=0,
        steady=True,
        slices=slices,
    )


def _slices(
    random: Random, noise: Mapping[str, Noise], change: Mapping[str, float]
) -> tuple[Slice, ...]:
    """Return the slices of a start: base, head, head, base, and so on."""
    level = {
        side: {
            name: _LEVELS[name]
            * exp(random.gauss(0, each.between))
            * (change.get(name, 1.0) if side is Side.HEAD else 1.0)
            for name, each in noise.items()
        }
        for side in Side
    }
    both = tuple(Side)
    order = [side for pair in range(_PAIRS) for side in (both[::-1] if pair % 2 else both)]
    return tuple(
        _slice(side, place * _SLICE_SECONDS, _drawn(random, noise, level[side]))
        for place, side in enumerate(order)
    )


def _drawn(
    random: Random, noise: Mapping[str, Noise], level: Mapping[str, float]
) -> dict[str, float]:
    """Return the figures of a slice; half of the pairs' outliers are on each side."""
    return {
        name: level[name]
        * exp(random.gauss(0, each.within / sqrt(2)))
        * (_OUTLIER if random.random() < each.outliers / 2 else 1.0)
        for name, each in noise.items()
    }


def _slice(side: Side, began: float, figures: Mapping[str, float]) -> Slice:
    return Slice(
        side=side,
        began=began,
        samples=_SAMPLES,
        failed=0,
        p50=figures[E2E_P50],
        p95=figures[E2E_P95],
        write_p50=1.0,
        hops={hop.name: HopTime(mean=figures[hop.metric], events=_SAMPLES) for hop in ALL_HOPS},
        latencies={0: _SAMPLES - _TAIL, int(log2(figures[E2E_P99]) * 32): _TAIL},
    )
