"""Whether one version is slower than another, from alternating runs of both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from math import ceil, comb, exp, log, log2
from random import Random
from statistics import median

from cdc_perf.stats.intervals import CONFIDENCE, Interval

SIGNIFICANCE = 0.01
# A negligible change, as a share of the figure.
_LEAST_EFFECT = 0.05
_SEED = 20261124
# Up to 2^16 sign patterns are all counted; beyond that a random sample is drawn.
_MOST_EXACT_PAIRS = 16
_DRAWN = 50_000
_TAIL = (1 - CONFIDENCE) / 2


class PairedFinding(StrEnum):
    """The finding on one figure."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Pairs:
    """One figure of alternating runs.

    Attributes:
        base: The base's value of each pair, above 0.
        head: The head's value of each pair, in the same order.
        lower_is_better: Whether a larger value is worse.
        noise: The difference of two runs of the same version, as a share (0.03: 3%); 0: unknown.
    """

    base: Sequence[float]
    head: Sequence[float]
    lower_is_better: bool = True
    noise: float = 0.0


@dataclass(frozen=True)
class PairedResult:
    """The result of the pairs of one figure.

    Attributes:
        finding: The finding.
        ratio: The median ratio of head to base.
        interval: The confidence interval of that ratio.
        p_value: The p-value of the permutation test, adjusted for the number of figures.
        effect: The smallest change that counts, as a share.
        pairs: The number of pairs.
        pairs_needed: The least number of pairs for any finding except `inconclusive`.
    """

    finding: PairedFinding
    ratio: float
    interval: Interval
    p_value: float
    effect: float
    pairs: int
    pairs_needed: int


def compare_pairs(figures: Mapping[str, Pairs]) -> dict[str, PairedResult]:
    """Return the finding on each figure, by name.

    The unit is the run because the samples within a run are not independent. The test is a paired
    permutation test (Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed.,
    2005, chapter 3). If both versions were the same, each pair's log-ratio would have either sign
    with equal probability, so the p-value is the share of all sign patterns whose mean is at least
    as far from 0. It is adjusted for several figures by Holm's method (Scandinavian Journal of
    Statistics 6, 1979). The interval of the median ratio is a percentile bootstrap over pairs
    (`median_interval`).

    A figure is worse or better if the test is significant at 1% and the whole interval is beyond
    the effect: 5%, or twice the noise if that is more. It is the same if the interval is within the
    effect.

    Args:
        figures: By name; at least one, each with at least one pair.
    """
    logs = {name: _log_ratios(pairs) for name, pairs in figures.items()}
    adjusted = _holm({name: _p_value(ratios) for name, ratios in logs.items()})
    needed = pairs_needed(len(figures))
    return {
        name: _result(figures[name], ratios, adjusted[name], needed)
        for name, ratios in logs.items()
    }


def noise_of(values: Sequence[float]) -> float:
    """Return the median difference of successive runs of the same version, as a share."""
    return median([abs(log(b / a)) for a, b in pairwise(values)]) if len(values) > 1 else 0.0


def pairs_needed(figures: int) -> int:
    """Return the least number of pairs whose test can be significant for that many figures.

    The most extreme outcome is two of 2^n sign patterns, so p is at least 2^(1-n), times the number
    of figures by Holm's first step: eight figures need 11 pairs.
    """
    return ceil(1 + log2(figures / SIGNIFICANCE))


def _log_ratios(pairs: Pairs) -> list[float]:
    return [log(now / before) for before, now in zip(pairs.base, pairs.head, strict=True)]


def _p_value(ratios: Sequence[float]) -> float:
    """Return the two-sided p-value of the permutation test, exact for up to 16 pairs."""
    seen = abs(sum(ratios)) * (1 - 1e-12)
    if len(ratios) <= _MOST_EXACT_PAIRS:
        sums = [0.0]
        for ratio in ratios:
            sums = [each + turned for each in sums for turned in (ratio, -ratio)]
        return sum(abs(each) >= seen for each in sums) / len(sums)
    random = Random(_SEED)  # noqa: S311 - not used for secrets
    drawn = sum(
        abs(sum(ratio if random.getrandbits(1) else -ratio for ratio in ratios)) >= seen
        for _ in range(_DRAWN)
    )
    # The observed signs are one of the patterns.
    return (drawn + 1) / (_DRAWN + 1)


def _holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values adjusted by Holm: the k-th smallest of m times m - k + 1, monotonic."""
    adjusted, largest = {}, 0.0
    for passed, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[name] * (len(p_values) - passed)))
        adjusted[name] = largest
    return adjusted


def _result(pairs: Pairs, ratios: Sequence[float], p_value: float, needed: int) -> PairedResult:
    low, high = map(exp, median_interval(ratios))
    effect = max(_LEAST_EFFECT, 2 * pairs.noise)
    return PairedResult(
        finding=_finding(pairs, low, high, p_value, effect, needed),
        ratio=exp(median(ratios)),
        interval=Interval(low=low, high=high),
        p_value=p_value,
        effect=effect,
        pairs=len(ratios),
        pairs_needed=needed,
    )


def _finding(
    pairs: Pairs, low: float, high: float, p_value: float, effect: float, needed: int
) -> PairedFinding:
    if len(pairs.base) < needed:
        return PairedFinding.INCONCLUSIVE
    if 1 / (1 + effect) <= low and high <= 1 + effect:
        return PairedFinding.SAME
    if p_value < SIGNIFICANCE and low > 1 + effect:
        return PairedFinding.WORSE if pairs.lower_is_better else PairedFinding.BETTER
    if p_value < SIGNIFICANCE and high < 1 / (1 + effect):
        return PairedFinding.BETTER if pairs.lower_is_better else PairedFinding.WORSE
    return PairedFinding.INCONCLUSIVE


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the median.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. For a median, the
    distribution over all n^n resamples can be computed exactly, so the interval depends on no seed
    and no number of draws (Evans, Leemis and Drew, INFORMS Journal on Computing 18, 2006,
    doi:10.1287/ijoc.1040.0105).

    Args:
        values: At least one.
    """
    atoms = sorted(_medians(sorted(values)))
    return _reached(atoms), _reached(atoms[::-1])


def _medians(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield each possible median of a resample with its probability."""
    count, half = len(values), len(values) // 2
    below = [_reaches(number, count, half + count % 2) for number in range(count + 1)]
    for first in range(count):
        alone = below[first + 1] - below[first]
        if count % 2 == 0:
            # The half-th smallest draw is this value, and the next one is another.
            for second in range(first + 1, count):
                together = _apart(first, second, count)
                alone -= together
                yield (values[first] + values[second]) / 2, together
        yield values[first], alone


def _apart(first: int, second: int, count: int) -> float:
    """Return the probability that these two values are the middle of a resample, by index.

    Half of the draws are `first` or below and include `first`; the other half are `second` or above
    and include `second`.
    """
    half = count // 2
    lower: int = (first + 1) ** half - first**half
    upper: int = (count - second) ** half - (count - second - 1) ** half
    every: int = count**count
    return comb(count, half) * lower * upper / every


def _reaches(number: int, count: int, rank: int) -> float:
    """Return the probability that `rank` or more of `count` draws are of the `number` lowest."""
    every: int = count**count
    ways: int = sum(
        comb(count, each) * number**each * (count - number) ** (count - each)
        for each in range(rank, count + 1)
    )
    return ways / every


def _reached(atoms: Sequence[tuple[float, float]]) -> float:
    """Return the value at which the cumulative probability reaches the tail."""
    totals = accumulate(probability for _, probability in atoms)
    return next(value for (value, _), total in zip(atoms, totals, strict=True) if total >= _TAIL)
