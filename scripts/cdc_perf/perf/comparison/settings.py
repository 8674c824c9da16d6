"""The options of a comparison, as typed."""

import re
from dataclasses import dataclass

from cdc_perf.errors import UsageFailure

# The defaults, which the comparison of a pull request has too. With 30 changes per second, the
# embedded stacks of both versions leave CPU time on two cores.
MINUTES, EFFECT, RATE = 12, 0.05, 30
SLICE_SECONDS = 5.0
_LEAST_MINUTES, _MOST_MINUTES = 1, 24 * 60
_MOST_RATE = 10_000


@dataclass(frozen=True)
class ComparisonOptions:
    """How long and how hard to measure, and what matters.

    Attributes:
        minutes: The time limit.
        effect: The smallest change that matters, as a share.
        rate: Changes per second.
    """

    minutes: float
    effect: float
    rate: int

    @classmethod
    def parse(cls, minutes: str, effect: str, rate: str) -> "ComparisonOptions":
        """Parse the options.

        Raises:
            UsageFailure: One is malformed or out of range.
        """
        return cls(_minutes(minutes), _effect(effect), _rate(rate))


def _minutes(text: str) -> float:
    value = float(text) if re.fullmatch(r"\d{1,4}(\.\d+)?", text) else 0.0
    if not _LEAST_MINUTES <= value <= _MOST_MINUTES:
        raise UsageFailure(
            f"--minutes: {text!r} is not a number from {_LEAST_MINUTES} to {_MOST_MINUTES:,}"
        )
    return value


def _effect(text: str) -> float:
    value = float(text.rstrip("%")) / 100 if re.fullmatch(r"\d{1,2}(\.\d+)?%?", text) else 0.0
    if not 0 < value < 1:
        raise UsageFailure(f"--effect: {text!r} is not a share such as 5%")
    return value


def _rate(text: str) -> int:
    value = int(text) if re.fullmatch(r"\d{1,5}", text) else 0
    if not 1 <= value <= _MOST_RATE:
        raise UsageFailure(f"--rate: {text!r} is not a number of changes per second")
    return value
