"""Whether each iteration did what its scenario says."""

from cdc_perf.errors import ExitCode
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate
from cdc_perf.wording import counted

_RESULTS = "cdc_success_rate"


def iterations_gate(
    scenario: str, exceptions: Exceptions, summary: Summary | NoSummary
) -> Gate | None:
    """No iteration threw, and each recorded a success or a failure.

    k6 counts an iteration that throws like any other, so its missing result makes the rest look
    better than the run was. That failure is certain: a starved generator throws nothing. Results
    that are missing without an exception are INVALID. Where there are none at all, the threshold on
    the success rate has no samples and says so.

    None for the health check, which its checks judge.
    """
    if scenario == HEALTH_CHECK:
        return None
    name, limit = "iterations", "no iteration throws, each records a result"
    if exceptions.count:
        observed = counted(exceptions.count, "exception")
        first = f", the first: {exceptions.first}" if exceptions.first else ""
        return failed_gate(
            name,
            limit,
            observed,
            code=ExitCode.FAIL,
            overrides_invalid=True,
            reason=f"{counted(exceptions.count, 'iteration')} threw an exception{first}: "
            "fix the k6 script",
        )
    if isinstance(summary, NoSummary):
        return unknown_gate(name, limit, "unknown")
    ended = int(summary.observed("iterations", "count") or 0)
    results = summary.samples(_RESULTS)
    observed = f"{counted(results, 'result')} of {counted(ended, 'iteration')}"
    if not results:
        return unknown_gate(name, limit, observed)
    if results >= ended:
        return passed_gate(name, limit, observed)
    return failed_gate(
        name,
        limit,
        observed,
        code=ExitCode.INVALID,
        reason=f"{counted(ended - results, 'iteration')} of {ended:,} recorded neither a success "
        "nor a failure: let the k6 script call iterate() in each iteration",
    )
