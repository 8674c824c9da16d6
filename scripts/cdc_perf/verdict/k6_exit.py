"""What the exit code of k6 says about a scenario."""

from signal import Signals

from cdc_perf.errors import ExitCode
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate

_THRESHOLDS_FAILED = 99
_INTERRUPTED = 105
_MARKED_AS_FAILED = 110
CAME_TO_ITS_END = (0, _THRESHOLDS_FAILED)

# https://github.com/grafana/k6/blob/v1.8.1/errext/exitcodes/codes.go; 255 is the command's own.
_BROKEN = {
    97: "its cloud test failed",
    98: "it lost its cloud test",
    100: "setup took too long",
    101: "teardown took too long",
    102: "it ran into a time-out",
    103: "it was stopped over its REST interface",
    104: "its options are wrong",
    106: "its REST interface could not be started",
    107: "the script threw an exception outside an iteration",
    108: "the script aborted the test",
    109: "it crashed",
    _MARKED_AS_FAILED: "the script marked the run as failed",
    255: "it was started with a bad flag or a missing file",
}


def k6_exit_gate(scenario: str, k6_exit: int, summary: Summary | NoSummary) -> Gate:
    """k6 ran to its end, and its exit code fits what it says of its own thresholds.

    The health check marks its run as failed when a check fails; its checks then judge it.

    Args:
        scenario: The scenario's name.
        k6_exit: The exit code; -N where signal N killed the process.
        summary: What k6 left.
    """
    name, limit = "k6_exit", "0, or 99 with a broken threshold"
    observed = str(k6_exit)
    if k6_exit == _INTERRUPTED:
        return failed_gate(
            name,
            limit,
            observed,
            code=ExitCode.INTERRUPTED,
            reason="interrupted: what was measured until then is kept",
        )
    if k6_exit == _MARKED_AS_FAILED and scenario == HEALTH_CHECK and _a_check_failed(summary):
        return passed_gate(name, limit, f"{observed}, for a failed check")
    if k6_exit not in CAME_TO_ITS_END:
        return failed_gate(
            name,
            limit,
            observed,
            code=ExitCode.LOAD,
            reason=f"k6 broke: {_why(k6_exit)}; the end of its log says more",
        )
    if isinstance(summary, NoSummary):
        return unknown_gate(name, limit, observed)
    broken = _broken_thresholds(summary)
    if k6_exit == 0 and broken:
        reason = f"k6 exited 0 although it found broken: {', '.join(broken)}"
    elif k6_exit == _THRESHOLDS_FAILED and not broken:
        reason = "k6 exited 99, for a broken threshold, but its summary shows none"
    else:
        return passed_gate(name, limit, observed)
    return failed_gate(name, limit, observed, code=ExitCode.INVALID, reason=reason)


def _a_check_failed(summary: Summary | NoSummary) -> bool:
    return isinstance(summary, Summary) and any(check.fails for check in summary.checks)


def _broken_thresholds(summary: Summary) -> list[str]:
    return [
        f"{metric} {expression}"
        for metric, content in summary.metrics.items()
        for expression, ok in content.thresholds.items()
        if not ok
    ]


def _why(k6_exit: int) -> str:
    if k6_exit >= 0:
        return f"{_BROKEN.get(k6_exit, 'for a reason unknown')} (exit {k6_exit})"
    known = {signal.value: signal.name for signal in Signals}
    return f"it was killed by {known.get(-k6_exit, f'signal {-k6_exit}')}"
