"""How long the blocks of a block bootstrap have to be."""

from collections.abc import Sequence
from math import cbrt, ceil, log10, sqrt
from operator import mul
from statistics import fmean

# Lags in a row without correlation after which a series counts as forgotten.
_FORGOTTEN = 5


def block_length(series: Sequence[float]) -> int:
    """Return the length of the blocks of a circular block bootstrap, in samples.

    The automatic rule of Politis and White, Econometric Reviews 23, 2004,
    doi:10.1081/ETC-120028836, as corrected by Patton, Politis and White, ibid. 28, 2009,
    doi:10.1080/07474930802459016: it balances the bias of short blocks, which forget the
    correlation, against the variance of long ones, of which there are few. Rounded up; at most
    min(3 sqrt(n), n/3).

    Args:
        series: Stationary and evenly spaced, at least 10 samples.
    """
    count = len(series)
    mean = fmean(series)
    centred = [value - mean for value in series]
    last_lag = ceil(sqrt(count)) + _FORGOTTEN
    covariances = [
        sum(map(mul, centred, centred[lag:])) / count for lag in range(min(last_lag, count - 1) + 1)
    ]
    if covariances[0] == 0:
        return 1
    bandwidth = _bandwidth(covariances, count)
    # Flat to half the bandwidth, then falling to 0: Politis and Romano, 1995.
    weights = [min(1.0, 2 * (1 - lag / bandwidth)) for lag in range(bandwidth + 1)]
    weighted = list(map(mul, weights, covariances))
    spectrum = weighted[0] + 2 * sum(weighted[1:])
    slope = 2 * sum(lag * value for lag, value in enumerate(weighted))
    if spectrum == 0:
        return 1
    best = cbrt(1.5 * (slope / spectrum) ** 2 * count)
    return min(max(1, ceil(best)), ceil(min(3 * sqrt(count), count / 3)))


def _bandwidth(covariances: Sequence[float], count: int) -> int:
    """Return twice the lag after which the correlations are no more than noise."""
    noise = 2 * sqrt(log10(count) / count) * covariances[0]
    last = len(covariances) - 1
    for lag in range(last - _FORGOTTEN + 1):
        if all(abs(value) < noise for value in covariances[lag + 1 : lag + 1 + _FORGOTTEN]):
            return min(2 * max(lag, 1), last)
    return last
