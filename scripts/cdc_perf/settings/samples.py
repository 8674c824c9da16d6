"""The number of samples that a threshold needs before it can be judged."""

from fractions import Fraction
from math import ceil

from cdc_perf.settings.expressions import GROWTH
from cdc_perf.settings.metrics import MetricType

_RULE_OF_THREE = 3
# Five minutes at one sample per second: see scripts/cdc_perf/stats/growth.py.
_GROWTH_SAMPLES = 300


def samples_needed(kind: MetricType, stat: str, limit: float) -> int:
    """Return the least number of samples for a meaningful judgment of a threshold.

    The rule of three: an event not seen in n samples is rarer than 3/n with 95% confidence
    (Hanley and Lippman-Hand, JAMA 249, 1983, doi:10.1001/jama.1983.03330370053031). So percentile q
    needs 3/(1-q) samples (p99: 300, p95: 60, p50: 6), because with fewer, none may lie beyond it. A
    rate threshold r needs 3/min(r, 1-r). The growth of a gauge needs five minutes of samples. The
    other stats of a trend, a gauge, or a histogram need one sample. A counter needs none: the
    verdict checks that it was counted at all.

    The result is computed with fractions of the written decimal digits: in doubles, 3/(1-0.99)
    exceeds 300.

    Args:
        kind: The metric's type.
        stat: A stat of that type, in this project's spelling.
        limit: The threshold; for a rate strictly between 0 and 1.
    """
    match kind:
        case MetricType.COUNTER:
            return 0
        case MetricType.RATE:
            rate = Fraction(repr(limit))
            return ceil(_RULE_OF_THREE / min(rate, 1 - rate))
        case MetricType.TREND | MetricType.GAUGE | MetricType.HISTOGRAM if stat.startswith("p"):
            return ceil(_RULE_OF_THREE / (1 - Fraction(stat[1:]) / 100))
        case MetricType.GAUGE if stat == GROWTH:
            return _GROWTH_SAMPLES
        case MetricType.TREND | MetricType.GAUGE | MetricType.HISTOGRAM:
            return 1
