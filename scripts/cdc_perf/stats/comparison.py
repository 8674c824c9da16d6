"""The ratio of two versions' figures, from starts of both side by side.

There are two levels (Kalibera and Jones, Rigorous benchmarking in reasonable time, ISMM 2013,
doi:10.1145/2464157.2464160): the start, and the pairs of neighboring slices in it. The slices of a
start share its luck, so the start is the unit: its ratio is one observation, whose variance has
both levels in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, isinf, log, sqrt
from statistics import NormalDist, fmean, harmonic_mean, median, variance

from cdc_perf.stats.sequential import LEAST_OBSERVATIONS
from cdc_perf.stats.student import upper_quantile

LEAST_STARTS = LEAST_OBSERVATIONS
POWER = 0.95
# The values of base and of head in two neighboring slices, or of a start as a whole; above 0.
Pair = tuple[float, float]

# A pair counts at most this many median deviations from the median of its start.
_FARTHEST = 3
# The median size of a value of the standard normal distribution.
_MEDIAN_SIZE = NormalDist().inv_cdf(0.75)
# The last bound of a sequence of looks is this much wider than that of a single look: 8 to 13% for
# 4 to 50 starts and errors of 0.0002 to 0.05.
_LOOKS = 1.095
# Values below this count as this, and ratios beyond the bounds of these logarithms have no bound.
_SMALLEST, _LARGEST_LOG = 1e-9, 12.0
# `failed_changes`: that the version that fails more often has this share of the failing runs.
_LOADED_COIN = 0.9


@dataclass(frozen=True)
class RatioEstimate:
    """The ratio of head to base of one figure.

    Attributes:
        base: A typical value of base: head / base is exactly `ratio`.
        head: A typical value of head.
        center: The logarithm of the ratio.
        starts: The number of starts.
        deviation: The standard deviation of the starts' log-ratios; 0 for a single start.
        between: Its part that slices do not explain.
        within: The standard deviation of the pairs' log-ratios in a start; None with one pair each.
    """

    base: float
    head: float
    center: float
    starts: int
    deviation: float
    between: float
    within: float | None

    @property
    def ratio(self) -> float:
        """Head / base."""
        return exp(self.center)

    def interval(self, bound: float, starts: int) -> tuple[float | None, float | None]:
        """Return the interval of the ratio, if this many starts found the same.

        Args:
            bound: The bound of |t|.
            starts: The number of starts.
        """
        if isinf(bound):
            return None, None
        reach = bound * self.deviation / sqrt(starts)
        return _bounded(self.center - reach), _bounded(self.center + reach)

    def smallest_found(self, bound: float, starts: int) -> float | None:
        """Return the smallest change that is beyond the bound with 95% power, as a share.

        The mean of a noncentral t beyond a bound: Jennett and Welch, Supplement to the Journal of
        the Royal Statistical Society 6, 1939, doi:10.2307/2983626.
        """
        if isinf(bound):
            return None
        freedom = starts - 1
        bias = 1 - 1 / (4 * freedom)
        spread = sqrt(1 + bound * bound * (1 - bias * bias))
        distance = bound * bias + NormalDist().inv_cdf(POWER) * spread
        found = _bounded(distance * self.deviation / sqrt(starts))
        return None if found is None else found - 1


def planned_bound(error: float, starts: int) -> float:
    """Return about the bound of the last look of a comparison with this many starts."""
    return _LOOKS * upper_quantile(error / 2, starts - 1)


def estimate(starts: Sequence[Sequence[Pair]]) -> RatioEstimate:
    """Return the ratio of head to base: the mean of the starts' log-ratios.

    The log-ratio of a start is a one-step estimate from the median (Bickel, Journal of the American
    Statistical Association 70, 1975): the mean, to which no pair contributes more than three median
    deviations from the median of its start. The deviation is that of all starts. So one outlier
    slice does not move it, and its deviation is 4 to 9% smaller than that of the median.

    Args:
        starts: The pairs of each start: at least one of each.
    """
    logs = _log_ratios(starts)
    levels = [median((_log(base) + _log(head)) / 2 for base, head in pairs) for pairs in starts]
    kept = _kept(logs)
    ratios = [fmean(each) for each in kept]
    center, level = fmean(ratios), fmean(levels)
    spread = variance(ratios) if len(ratios) > 1 else 0.0
    within = _within(logs)
    explained = (within or 0.0) ** 2 / harmonic_mean([len(each) for each in kept])
    return RatioEstimate(
        base=exp(level - center / 2),
        head=exp(level + center / 2),
        center=center,
        starts=len(ratios),
        deviation=sqrt(spread),
        between=sqrt(max(0.0, spread - explained)),
        within=within,
    )


def start_ratios(starts: Sequence[Sequence[Pair]]) -> list[float]:
    """Return the ratio of each start, of which `estimate` is the mean on a logarithmic scale.

    Args:
        starts: As for `estimate`.
    """
    return [exp(fmean(each)) for each in _kept(_log_ratios(starts))] if starts else []


def coin_evidence(heads: int, tails: int) -> float:
    """Return the logarithm of the evidence that a coin is loaded towards heads.

    It is the likelihood ratio of a coin that shows heads in 90%, to a fair one. With a fair coin,
    it ever exceeds log(1 / error) with a probability of at most the error, however often it is
    looked at (Wald, Annals of Mathematical Statistics 16, 1945, doi:10.1214/aoms/1177731118).
    """
    return heads * log(2 * _LOADED_COIN) + tails * log(2 * (1 - _LOADED_COIN))


def _log_ratios(starts: Sequence[Sequence[Pair]]) -> list[list[float]]:
    return [[_log(head) - _log(base) for base, head in pairs] for pairs in starts]


def _kept(starts: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the pairs' log-ratios, none farther from its start's median than it may count."""
    middles = [median(pairs) for pairs in starts]
    both = list(zip(starts, middles, strict=True))
    reach = _FARTHEST * median(abs(each - middle) for pairs, middle in both for each in pairs)
    return [
        [min(max(each, middle - reach), middle + reach) for each in pairs] for pairs, middle in both
    ]


def _within(starts: Sequence[Sequence[float]]) -> float | None:
    """Return the standard deviation of log-ratios in a start; None with one pair each.

    It is that of the normal distribution whose differences have the same median size, so that
    outliers do not count.
    """
    differences = [abs(after - before) for pairs in starts for before, after in pairwise(pairs)]
    return median(differences) / (sqrt(2) * _MEDIAN_SIZE) if differences else None


def _log(value: float) -> float:
    return log(max(value, _SMALLEST))


def _bounded(logarithm: float) -> float | None:
    return exp(logarithm) if abs(logarithm) < _LARGEST_LOG else None
