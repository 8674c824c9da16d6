"""The four verdicts, and which exit code stands where several are at hand."""

from collections.abc import Iterable
from enum import StrEnum

from cdc_perf.errors import ExitCode


class Verdict(StrEnum):
    """What is said about a scenario, or about a run."""

    PASS = "PASS"  # noqa: S105 - the verdict, not a password
    FAIL = "FAIL"
    NO_DATA = "NO-DATA"
    INVALID = "INVALID"


# The worst first.
_GRAVE = (ExitCode.INTERRUPTED, ExitCode.LOAD, ExitCode.STACK)
_ORDER = (*_GRAVE, ExitCode.INVALID, ExitCode.NO_DATA, ExitCode.FAIL, ExitCode.PASS)
_ORDER_WITH_OVERRIDE = (*_GRAVE, ExitCode.FAIL, ExitCode.INVALID, ExitCode.NO_DATA, ExitCode.PASS)

_VERDICTS = {
    ExitCode.PASS: Verdict.PASS,
    ExitCode.FAIL: Verdict.FAIL,
    ExitCode.NO_DATA: Verdict.NO_DATA,
}


def worst(codes: Iterable[ExitCode], *, overrides_invalid: bool = False) -> ExitCode:
    """Return the exit code that stands for all of `codes`; of nothing at all, NO_DATA.

    Args:
        codes: The outcomes.
        overrides_invalid: One of them is a failure that holds even where the measurement cannot
            be trusted: lost rows, a component that died, a pipeline that does not drain.

    Raises:
        ValueError: One of them is not the outcome of a scenario.
    """
    order = _ORDER_WITH_OVERRIDE if overrides_invalid else _ORDER
    return min(codes, key=order.index, default=ExitCode.NO_DATA)


def verdict_of(code: ExitCode) -> Verdict:
    """Return the verdict that goes with an outcome.

    A measurement that was interrupted, or whose load generator or stack broke, cannot be trusted as
    a whole: it is INVALID, and the exit code says why.
    """
    return _VERDICTS.get(code, Verdict.INVALID)
