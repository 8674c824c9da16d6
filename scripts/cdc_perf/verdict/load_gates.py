"""Gates on the load: whether k6 made the requested load."""

from cdc_perf.errors import ExitCode
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons.figures import figure
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    LoadShape,
    PerVuIterations,
    RampingArrivalRate,
)
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate
from cdc_perf.verdict.k6_gates import FINISHED_CODES
from cdc_perf.wording import counted

MOST_DROPPED = 0.001
_MOST_OFF_RATE = 0.01
# A constant rate may start one more iteration at its very end, and cut one off there.
_MOST_OFF_ITERATIONS = 2
# Virtual users that have nothing left to do end a moment early.
_MOST_SHORTER = 0.02
_SHORTER_SECONDS = 1.0
LATEST_TICK_MS = 50
_LARGEST_STEP_SECONDS = 0.1
_RESULTS = "cdc_success_rate"


def dropped_gate(summary: Summary | NoSummary) -> Gate:
    """Check that k6 dropped almost no iterations: a dropped iteration is a missing latency.

    https://grafana.com/docs/k6/latest/using-k6/scenarios/concepts/dropped-iterations/
    """
    name, condition = "dropped_iterations", f"at most {MOST_DROPPED:.1%} of the iterations due"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, "unknown")
    dropped = int(summary.observed("dropped_iterations", "count") or 0)
    due = dropped + int(summary.observed("iterations", "count") or 0)
    observed = f"{dropped:,} of {due:,}"
    if dropped <= MOST_DROPPED * due:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[reasons.iterations_dropped(dropped=dropped, due=due)],
    )


def rate_gate(executor: LoadShape, k6_exit: int, summary: Summary | NoSummary) -> Gate | None:
    """Check that k6 made as many iterations as the arrival rate asks for; None for other executors.

    A rising rate, as of a breakpoint, is not judged because it ends when a threshold breaks. The
    gate is unknown if k6 did not finish.
    """
    if not isinstance(executor, ConstantArrivalRate):
        return None
    asked = executor.iterations
    slack = max(_MOST_OFF_RATE * asked, _MOST_OFF_ITERATIONS)
    name, condition = "achieved_rate", f"{counted(asked, 'iteration')}, give or take {slack:,.0f}"
    if isinstance(summary, NoSummary) or k6_exit not in FINISHED_CODES:
        return unknown_gate(name, condition, "unknown")
    made = summary.observed("iterations", "count") or 0
    observed = counted(made, "iteration")
    if abs(made - asked) <= slack:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[reasons.rate_not_reached(made=made, asked=asked)],
    )


def duration_gate(executor: LoadShape, k6_exit: int, summary: Summary | NoSummary) -> Gate | None:
    """Check that k6 ran for the requested time.

    None for a fixed number of iterations, whose length is only bounded. The gate is unknown for a
    ramp that a threshold ended on purpose (k6's exit code 99), and for a k6 that failed, which its
    exit code judges.
    """
    if isinstance(executor, PerVuIterations):
        return None
    asked = executor.seconds
    least = min((1 - _MOST_SHORTER) * asked, asked - _SHORTER_SECONDS)
    name, condition = "duration", f"at least {least:,.1f} s of load"
    ended_by_threshold = isinstance(executor, RampingArrivalRate) and k6_exit != 0
    if isinstance(summary, NoSummary) or k6_exit not in FINISHED_CODES or ended_by_threshold:
        return unknown_gate(name, condition, "unknown")
    ran = summary.duration_ms / 1000
    observed = f"{ran:,.1f} s"
    if ran >= least:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[reasons.load_too_short(seconds=ran, asked_seconds=asked)],
    )


def generator_gate(scenario: str, summary: Summary | NoSummary) -> Gate | None:
    """Check that the load generator woke in time; if not, the latencies include its own delay.

    None for the health check, whose one iteration has too few ticks and no latency to judge.
    """
    if scenario == HEALTH_CHECK:
        return None
    name, condition = "generator_delay", f"p99 below {LATEST_TICK_MS} ms"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, "unknown")
    samples = summary.samples("generator_delay")
    needed = samples_needed(MetricType.TREND, "p99", LATEST_TICK_MS)
    late = summary.observed("generator_delay", "p(99)")
    if late is None or samples < needed:
        return failed_gate(
            name,
            condition,
            counted(samples, "tick"),
            code=ExitCode.NO_DATA,
            reasons=[reasons.generator_ticks_too_few(samples=samples, needed=needed)],
        )
    observed = f"p99 {figure(late, 'ms')} over {counted(samples, 'tick')}"
    if late < LATEST_TICK_MS:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[reasons.generator_starved(p99_ms=late, highest_ms=LATEST_TICK_MS)],
    )


def clock_gate(step_seconds: float) -> Gate:
    """Check that the clock behind the times of points and rows was not set."""
    name, condition = "clock", f"not set by more than {_LARGEST_STEP_SECONDS * 1000:.0f} ms"
    observed = f"{round(step_seconds * 1000):+,} ms"
    if abs(step_seconds) <= _LARGEST_STEP_SECONDS:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[reasons.clock_set(seconds=step_seconds)],
    )


def iterations_gate(
    scenario: str, exceptions: Exceptions, summary: Summary | NoSummary
) -> Gate | None:
    """Check that no iteration threw, and that each recorded a success or a failure.

    k6 counts an iteration that throws like any other, so its missing result makes the rest look
    better than the run was. That failure is certain: a starved load generator throws nothing.
    Results that are missing without an exception are INVALID. If there are no results at all, the
    gate is unknown: the threshold on the success rate reports that it has no samples.

    None for the health check, which its checks judge.
    """
    if scenario == HEALTH_CHECK:
        return None
    name, condition = "iterations", "no iteration throws, each records a result"
    if exceptions.count:
        observed = counted(exceptions.count, "exception")
        return failed_gate(
            name,
            condition,
            observed,
            code=ExitCode.FAIL,
            overrides_invalid=True,
            reasons=[reasons.iterations_threw(count=exceptions.count, first=exceptions.first)],
        )
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, "unknown")
    ended = int(summary.observed("iterations", "count") or 0)
    results = summary.samples(_RESULTS)
    observed = f"{counted(results, 'result')} of {counted(ended, 'iteration')}"
    if not results:
        return unknown_gate(name, condition, observed)
    if results >= ended:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[reasons.iterations_without_result(missing=ended - results, ended=ended)],
    )
