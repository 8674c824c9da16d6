"""How many samples a limit needs before it can be judged."""

from fractions import Fraction
from math import ceil

from cdc_perf.settings.expressions import GROWTH
from cdc_perf.settings.metrics import MetricType

_RULE_OF_THREE = 3
# Five minutes, for samples are taken once a second: see scripts/cdc_perf/stats/growth.py.
_GROWTH_SAMPLES = 300


def samples_needed(kind: MetricType, stat: str, limit: float) -> int:
    """Return the least number of samples on which a limit means anything.

    The rule of three: what was not seen in n samples is rarer than 3/n with 95 % confidence
    (Hanley and Lippman-Hand, JAMA 249, 1983, doi:10.1001/jama.1983.03330370053031). So percentile q
    needs 3/(1-q) samples (p99: 300, p95: 60, p50: 6), for with fewer none of them may lie beyond
    it, and a rate limit r needs 3/min(r, 1-r). The growth of a gauge needs five minutes of samples.
    The other stats of a trend, a gauge or a histogram need one sample; a counter needs none: that
    it was counted at all is asked for where the limit is judged.

    Computed in fractions of the decimal digits as written: in doubles 3/(1-0.99) is more than 300.

    Args:
        kind: The metric's type.
        stat: A stat of that type, in our spelling.
        limit: The limit; for a rate between 0 and 1, both excluded.
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
