"""The shift function: the difference of two versions at each quantile, with its band.

Doksum, Annals of Statistics 2, 1974, doi:10.1214/aos/1176342662; Rousselet, Pernet and Wilcox,
European Journal of Neuroscience 46, 2017, doi:10.1111/ejn.13610.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, stdev

from cdc_perf.stats.histogram import Histogram
from cdc_perf.stats.intervals import CONFIDENCE, Interval
from cdc_perf.stats.student import upper_quantile

# Beyond this, a ratio has no bound that says something.
_LARGEST_LOG = 12.0

# The samples of base and of head in one start.
StartSamples = tuple[Histogram, Histogram]


@dataclass(frozen=True)
class Estimate:
    """The mean of the starts.

    Attributes:
        value: The mean.
        interval: Its confidence interval; open at both ends with a single start.
    """

    value: float
    interval: Interval


@dataclass(frozen=True)
class Shift:
    """The difference at one quantile.

    Attributes:
        share: The quantile, 0 to 1.
        base: The mean of base's quantiles, in the unit of the samples.
        head: The mean of head's quantiles.
        difference: Head minus base, in the same unit.
        change: Head divided by base, minus 1.
        starts: The number of starts with enough samples of both.
    """

    share: float
    base: float
    head: float
    difference: Estimate
    change: Estimate
    starts: int


def shift_function(
    starts: Sequence[StartSamples], needed: Mapping[float, int]
) -> tuple[Shift, ...]:
    """Return the difference at each quantile that a start has enough samples for.

    The unit is the start: the samples within one are not independent. Each start gives a difference
    of quantiles, as each participant does in the hierarchical shift function of Rousselet and
    Wilcox, Meta-Psychology 4, 2020, doi:10.15626/MP.2019.1630. The estimate is their mean, with
    Student's interval. Bonferroni's correction makes the intervals a band: with 95% confidence, all
    quantiles together are within it. Trimming a fifth at both ends would leave six of ten starts,
    and widen the band by a quarter.

    Args:
        starts: The samples of base and of head in each start; all above 0.
        needed: The quantiles, strictly between 0 and 1, and the samples that each needs per start.
    """
    enough = {
        share: [both for both in starts if min(each.count for each in both) >= least]
        for share, least in sorted(needed.items())
    }
    there = {share: found for share, found in enough.items() if found}
    confidence = 1 - (1 - CONFIDENCE) / len(there) if there else CONFIDENCE
    return tuple(_shift(share, found, confidence) for share, found in there.items())


def _shift(share: float, starts: Sequence[StartSamples], confidence: float) -> Shift:
    base, head = ([both[side].quantile(share) for both in starts] for side in (0, 1))
    pairs = list(zip(base, head, strict=True))
    ratio = _mean([log(now / before) for before, now in pairs], confidence)
    return Shift(
        share=share,
        base=fmean(base),
        head=fmean(head),
        difference=_mean([now - before for before, now in pairs], confidence),
        change=Estimate(
            exp(ratio.value) - 1,
            Interval(
                low=_as_change(ratio.interval.low),
                high=_as_change(ratio.interval.high),
                confidence=confidence,
            ),
        ),
        starts=len(starts),
    )


def _as_change(logarithm: float | None) -> float | None:
    return None if logarithm is None or logarithm > _LARGEST_LOG else exp(logarithm) - 1


def _mean(values: Sequence[float], confidence: float) -> Estimate:
    """Return the mean of at least one value, with its interval at this confidence, 0 to 1."""
    center = fmean(values)
    if len(values) == 1:
        return Estimate(center, Interval(low=None, high=None, confidence=confidence))
    error = stdev(values) / sqrt(len(values))
    reach = error * upper_quantile((1 - confidence) / 2, len(values) - 1)
    return Estimate(
        center, Interval(low=center - reach, high=center + reach, confidence=confidence)
    )
