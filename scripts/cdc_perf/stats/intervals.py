"""95% confidence intervals of percentiles and rates."""

from math import exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

import msgspec

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
# This many standard deviations and trials below the mean, the probabilities are negligible.
_NOTHING_BEYOND = 12


class Interval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A confidence interval of the true value.

    Attributes:
        low: The lower end, in the metric's unit; null if the samples do not bound it.
        high: The upper end; null if the samples do not bound it.
        confidence: The confidence level, 0 to 1.
    """

    low: float | None
    high: float | None
    confidence: float = CONFIDENCE


def percentile_ranks(count: int, share: float) -> tuple[int | None, int | None]:
    """Return the ranks of the samples that bound a percentile with 95% confidence.

    For any distribution, the number of samples below its percentile is binomial, so the r-th
    smallest sample is above it with probability P(B < r). The interval has equal tails of at most
    2.5% each: Conover, Practical Nonparametric Statistics, 3rd ed., 1999, section 3.2.

    Args:
        count: Number of samples, at least 1.
        share: The percentile, strictly between 0 and 1.

    Returns:
        The lower and the upper rank, from 1 for the smallest sample; None if even the smallest, or
        the largest, sample is not beyond the percentile with enough confidence.
    """
    # The largest rank with P(B < rank) <= 2.5%, and the smallest with P(B >= rank) <= 2.5%.
    low = _binomial_quantile(count, share, _TAIL)
    high = count - _binomial_quantile(count, 1 - share, _TAIL) + 1
    return low if low >= 1 else None, high if high <= count else None


def rate_interval(passes: int, count: int) -> Interval:
    """Return the interval of a rate: Wilson's score interval.

    Wilson, Journal of the American Statistical Association 22, 1927, doi:10.2307/2276774. Unlike
    the textbook interval, it stays within 0 and 1 and keeps its confidence near them (Brown, Cai
    and DasGupta, Statistical Science 16, 2001, doi:10.1214/ss/1009213286).

    Args:
        passes: Number of passes.
        count: Number of passes and fails, at least 1.
    """
    z = NormalDist().inv_cdf(1 - _TAIL)
    rate = passes / count
    shrunk = 1 + z * z / count
    center = (rate + z * z / (2 * count)) / shrunk
    reach = z / shrunk * sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
    return Interval(
        low=center - reach if passes else 0.0,
        high=center + reach if passes < count else 1.0,
    )


def _binomial_quantile(trials: int, share: float, probability: float) -> int:
    """Return the largest k with P(B < k) <= probability, for a binomial B."""
    mean, deviation = trials * share, sqrt(trials * share * (1 - share))
    k = max(0, int(mean - _NOTHING_BEYOND * (deviation + 1)))
    mass = exp(
        lgamma(trials + 1)
        - lgamma(k + 1)
        - lgamma(trials - k + 1)
        + k * log(share)
        + (trials - k) * log1p(-share)
    )
    below = 0.0
    while k < trials and below + mass <= probability:
        below += mass
        mass *= (trials - k) / (k + 1) * share / (1 - share)
        k += 1
    return k
