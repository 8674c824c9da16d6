"""The four verdicts, and which exit code wins if there are several."""

from collections.abc import Iterable
from enum import StrEnum

from cdc_perf.errors import ExitCode


class Verdict(StrEnum):
    """The verdict on a scenario or a run."""

    PASS = "PASS"  # noqa: S105 - the verdict, not a password
    FAIL = "FAIL"
    NO_DATA = "NO-DATA"
    INVALID = "INVALID"


# Worst first.
_GRAVE = (ExitCode.INTERRUPTED, ExitCode.LOAD, ExitCode.STACK)
_ORDER = (*_GRAVE, ExitCode.INVALID, ExitCode.NO_DATA, ExitCode.FAIL, ExitCode.PASS)
_ORDER_WITH_OVERRIDE = (*_GRAVE, ExitCode.FAIL, ExitCode.INVALID, ExitCode.NO_DATA, ExitCode.PASS)

_VERDICTS = {
    ExitCode.PASS: Verdict.PASS,
    ExitCode.FAIL: Verdict.FAIL,
    ExitCode.NO_DATA: Verdict.NO_DATA,
}


def worst(codes: Iterable[ExitCode], *, overrides_invalid: bool = False) -> ExitCode:
    """Return the exit code that represents all of `codes`; NO_DATA if there are none.

    Args:
        codes: The outcomes.
        overrides_invalid: Whether one of them is a failure that counts even if the measurement
            cannot be trusted: lost rows, a component that died, a pipeline that does not drain.

    Raises:
        ValueError: If one of them is not the outcome of a scenario.
    """
    order = _ORDER_WITH_OVERRIDE if overrides_invalid else _ORDER
    return min(codes, key=order.index, default=ExitCode.NO_DATA)


def verdict_of(code: ExitCode) -> Verdict:
    """Return the verdict that matches an outcome.

    A measurement that was interrupted, or whose load generator or stack failed, cannot be trusted
    as a whole: it is INVALID, and the exit code says why.
    """
    return _VERDICTS.get(code, Verdict.INVALID)
