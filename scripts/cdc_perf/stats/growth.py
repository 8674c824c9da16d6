"""How fast a value grows: the slope of a series, and its confidence interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import cbrt, ceil, log10, sqrt
from operator import mul
from random import Random
from statistics import fmean

from cdc_perf.stats.intervals import CONFIDENCE, Interval

# In simulations without growth, with a correlation of 0.9 between successive samples, the interval
# contained 0 in 95 of 100 cases with 300 samples, in 87 with 120, and in 82 with 60.
SAMPLES_NEEDED = 300

_HOUR_SECONDS = 3600
_MOST_GROUPS = 240
_REPLICATES = 1000
_SEED = 20261124
# Above this, a series is indistinguishable from a random walk.
_STRONGEST_CORRELATION = 0.97
# The number of successive lags without correlation after which correlation counts as gone.
_FORGOTTEN = 5


@dataclass(frozen=True)
class Growth:
    """How fast a value grew.

    Attributes:
        per_hour: The slope, in the value's unit per hour; None with too few samples.
        interval: The confidence interval of the slope, in the same unit; None with too few samples.
        samples: The number of samples.
        samples_needed: The number of samples needed.
    """

    per_hour: float | None
    interval: Interval | None
    samples: int
    samples_needed: int = SAMPLES_NEEDED


def growth(samples: Sequence[tuple[float, float]]) -> Growth:
    """Return the least-squares slope of a series, with its 95% interval.

    Samples a second apart are correlated, and the textbook interval, which assumes independence,
    would be many times too narrow. So the residuals are resampled in circular blocks, which keep
    their correlation (Politis and Romano, A circular block-resampling procedure for stationary
    data, 1992). Residuals rather than pairs are resampled because the times are fixed by design.
    Blocks alone are too short for a strong correlation, so it is first removed as an autoregression
    of order one and restored in each replicate, "post-blackened" (Davison and Hinkley, Bootstrap
    Methods and their Application, 1997, section 8.2.3). Its coefficient is corrected for the bias
    from the fitted line, -(2 + 4 phi) / n (van Giersbergen, Economics Letters 89, 2005,
    doi:10.1016/j.econlet.2005.05.002). `block_length` gives the length of the blocks. The interval
    is that of the basic bootstrap: the slope minus the quantiles of its errors.

    A fluctuation slower than the length of the series looks like growth; no method can distinguish
    them. The same samples always give the same interval.

    Args:
        samples: Seconds and values, ordered by time, a second apart; some may be missing.
    """
    if len(samples) < SAMPLES_NEEDED:
        return Growth(None, None, len(samples))
    weights, values = _line(_groups(samples))
    slope = sum(map(mul, weights, values))
    errors = _errors(weights, values)
    tail = ceil((1 - CONFIDENCE) / 2 * _REPLICATES)
    return Growth(
        per_hour=slope * _HOUR_SECONDS,
        interval=Interval(
            low=(slope - errors[-tail]) * _HOUR_SECONDS,
            high=(slope - errors[tail - 1]) * _HOUR_SECONDS,
        ),
        samples=len(samples),
    )


def _groups(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the means of consecutive samples, in at most 240 groups of equal size.

    The means have the same linear trend, without the correlation within seconds.
    """
    size = ceil(len(samples) / _MOST_GROUPS)
    groups = [samples[start : start + size] for start in range(0, len(samples), size)]
    return [(fmean(at for at, _ in group), fmean(value for _, value in group)) for group in groups]


def _line(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the weights whose products with the values sum to the slope; and the values.

    The mean is subtracted from the values, which keeps the slope and preserves precision.
    """
    middle, mean = fmean(at for at, _ in points), fmean(value for _, value in points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return [(at - middle) / spread for at, _ in points], [value - mean for _, value in points]


def _errors(weights: Sequence[float], values: Sequence[float]) -> list[float]:
    """Return the errors of the replicates' slopes, in ascending order."""
    residuals = _residuals(weights, values)
    phi = _correlation(residuals)
    innovations = [now - phi * before for before, now in pairwise(residuals)]
    mean = fmean(innovations)
    # The line and the correlation use three degrees of freedom.
    scale = sqrt(len(residuals) / (len(residuals) - 3))
    innovations = [scale * (value - mean) for value in innovations]
    length = block_length(innovations)
    circle = [*innovations, *innovations[:length]]
    # e(t) = phi e(t-1) + u(t): u(t) contributes to the slope through all later e too.
    *later, first = accumulate(reversed(weights), lambda after, weight: weight + phi * after)
    # The first residual carries the whole past.
    effects = [first / sqrt(1 - phi**2), *reversed(later)]
    random = Random(_SEED)  # noqa: S311 - not used for secrets
    blocks = ceil(len(effects) / length)
    return sorted(
        sum(
            map(
                mul,
                effects,
                [
                    value
                    for start in random.choices(range(len(innovations)), k=blocks)
                    for value in circle[start : start + length]
                ],
            )
        )
        for _ in range(_REPLICATES)
    )


def _residuals(weights: Sequence[float], values: Sequence[float]) -> list[float]:
    slope = sum(map(mul, weights, values))
    spread = 1 / sum(weight**2 for weight in weights)
    return [value - slope * weight * spread for weight, value in zip(weights, values, strict=True)]


def _correlation(residuals: Sequence[float]) -> float:
    """Return the correlation of successive residuals, bias-corrected, from 0 to 0.97."""
    power = sum(value * value for value in residuals)
    if power == 0:
        return 0.0
    phi = sum(before * now for before, now in pairwise(residuals)) / power
    return min(max(0.0, phi + (2 + 4 * phi) / len(residuals)), _STRONGEST_CORRELATION)


def block_length(series: Sequence[float]) -> int:
    """Return the block length of a circular block bootstrap, in samples.

    The automatic rule of Politis and White, Econometric Reviews 23, 2004,
    doi:10.1081/ETC-120028836, as corrected by Patton, Politis and White, ibid. 28, 2009,
    doi:10.1080/07474930802459016. It balances the bias of short blocks, which lose correlation,
    against the variance of long ones, of which there are few. The result is rounded up, to at most
    min(3 sqrt(n), n/3).

    Args:
        series: Stationary and evenly spaced, at least 10 samples.
    """
    count = len(series)
    mean = fmean(series)
    centerd = [value - mean for value in series]
    last_lag = ceil(sqrt(count)) + _FORGOTTEN
    covariances = [
        sum(map(mul, centerd, centerd[lag:])) / count for lag in range(min(last_lag, count - 1) + 1)
    ]
    if covariances[0] == 0:
        return 1
    bandwidth = _bandwidth(covariances, count)
    # Flat up to half the bandwidth, then falling to 0: Politis and Romano, 1995.
    weights = [min(1.0, 2 * (1 - lag / bandwidth)) for lag in range(bandwidth + 1)]
    weighted = list(map(mul, weights, covariances))
    spectrum = weighted[0] + 2 * sum(weighted[1:])
    slope = 2 * sum(lag * value for lag, value in enumerate(weighted))
    if spectrum == 0:
        return 1
    best = cbrt(1.5 * (slope / spectrum) ** 2 * count)
    return min(max(1, ceil(best)), ceil(min(3 * sqrt(count), count / 3)))


def _bandwidth(covariances: Sequence[float], count: int) -> int:
    """Return twice the lag after which the correlations are only noise."""
    noise = 2 * sqrt(log10(count) / count) * covariances[0]
    last = len(covariances) - 1
    for lag in range(last - _FORGOTTEN + 1):
        if all(abs(value) < noise for value in covariances[lag + 1 : lag + 1 + _FORGOTTEN]):
            return min(2 * max(lag, 1), last)
    return last
