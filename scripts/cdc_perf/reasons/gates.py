"""Why a gate on k6, the load, or the stack fails."""

from collections.abc import Sequence

from cdc_perf.reasons.figures import figure, figure_beside
from cdc_perf.reasons.reason import reason
from cdc_perf.wording import counted

# https://github.com/grafana/k6/blob/v1.8.1/errext/exitcodes/codes.go; 255 is the CLI's own.
_K6_EXITS = {
    97: "its cloud test failed",
    98: "it lost its cloud test",
    100: "setup took too long",
    101: "teardown took too long",
    102: "it timed out",
    103: "it was stopped through its REST interface",
    104: "its options are wrong",
    106: "its REST interface did not start",
    107: "the script threw an exception outside an iteration",
    108: "the script aborted the test",
    109: "it crashed",
    110: "the script marked the run as failed",
    255: "it was started with a bad flag or a missing file",
}


@reason
def summary_missing(*, why: str) -> str:
    """There is no usable summary; `why` is a sentence."""
    return why


@reason
def summary_of_another_scenario(*, found: str, expected: str) -> str:
    """The summary has the name of another scenario."""
    return f"the summary belongs to {found}, not to {expected}"


@reason
def load_interrupted(*, how: str) -> str:
    """A signal ended the load or the check after it; `how` is `interrupted by SIGINT`."""
    return f"{how}: the results up to then are kept"


@reason
def k6_interrupted() -> str:
    """A signal to k6 alone ended the load."""
    return "k6 was interrupted: the results up to then are kept"


@reason
def k6_failed(*, exit_code: int) -> str:
    """The exit code of k6 is that of a failure."""
    why = _K6_EXITS.get(exit_code, "the reason is unknown")
    return f"k6 failed: {why} (exit {exit_code}); see the end of its log"


@reason
def k6_killed(*, signal: str) -> str:
    """A signal ended the process of k6."""
    return f"k6 was killed by {signal}; see the end of its log"


@reason
def k6_exit_hides_broken_thresholds(*, broken: Sequence[str]) -> str:
    """The exit code of k6 is 0, and its summary has broken thresholds."""
    return f"k6 exited 0, but its summary has broken thresholds: {', '.join(broken)}"


@reason
def k6_exit_without_broken_threshold() -> str:
    """The exit code of k6 is 99, and its summary has no broken threshold."""
    return "k6 exited 99, which means a broken threshold, but its summary has none"


@reason
def k6_did_not_judge(*, threshold: str) -> str:
    """The summary of k6 lacks a threshold."""
    return f"k6 did not judge the threshold {threshold}"


@reason
def k6_judged_differently(*, threshold: str, stat: str, observed: float, k6_holds: bool) -> str:
    """The harness and k6 come to different results for a threshold."""
    words = {True: "holds", False: "is broken"}
    return (
        f"according to k6, {threshold} {words[k6_holds]}, but {stat} is {observed!r}, "
        f"so it {words[not k6_holds]}"
    )


@reason
def k6_judged_unknown_threshold(*, threshold: str) -> str:
    """The summary of k6 has a threshold that the settings lack."""
    return f"k6 judged the threshold {threshold}, which is not in thresholds.json"


@reason
def points_unreadable(*, why: str) -> str:
    """The query engine failed."""
    return f"the raw points could not be read: {why}"


@reason
def points_damaged(*, damage: str) -> str:
    """A file of points is incomplete; `damage` is a sentence."""
    return damage


@reason
def points_differ_from_summary(*, differences: Sequence[str], more: int) -> str:
    """The summary and the points have different numbers of samples."""
    rest = f"; and {more:,} more" if more else ""
    return (
        f"k6's summary and its raw points differ: {'; '.join(differences)}{rest}; "
        "check for free disk space, and see the end of k6's log"
    )


@reason
def no_threshold(*, scenario: str) -> str:
    """A scenario has no threshold."""
    return (
        f"{scenario} has no threshold, so no result is defined as acceptable: "
        "set one in k6/thresholds.json"
    )


@reason
def no_iteration() -> str:
    """The summary has no iteration and no result of one."""
    return "no iteration completed: see the log of k6, or run for longer"


@reason
def health_check_failed(*, checks: Sequence[str]) -> str:
    """Some checks of the health check failed or never ran."""
    return f"the health check failed: {', '.join(checks)}"


@reason
def load_refused(*, change: str) -> str:
    """The health check tried a change of the load; `change` names it and has PostgreSQL's words."""
    return f"the load is refused: {change}"


@reason
def health_check_empty() -> str:
    """The health check has no check."""
    return "the health check did not check anything"


@reason
def component_operated(*, component: str, what: str) -> str:
    """An operator stopped or changed a component; `what` continues the sentence."""
    return f"{component} {what} during the run, at an operator's request"


@reason
def component_died(*, component: str, what: str, remedy: str, log: Sequence[str]) -> str:
    """A component stopped without a request; `what` continues the sentence."""
    how = f": {remedy}" if remedy else ""
    end = f"; its log ends: {' | '.join(log)}" if log else ""
    return f"{component} {what} by itself during the run{how}{end}"


@reason
def iterations_dropped(*, dropped: int, due: int) -> str:
    """Iterations did not start because every virtual user was busy."""
    return (
        f"{dropped:,} of {counted(due, 'iteration')} ({dropped / due:.2%}) could not begin because "
        "no virtual user was free: allow more VUs (maxVUs, --vus) or request a lower rate"
    )


@reason
def rate_not_reached(*, made: float, asked: float) -> str:
    """The number of iterations differs from the arrival rate's."""
    return (
        f"the load generator made {counted(made, 'iteration')}, but the arrival rate requires "
        f"{asked:,.0f}: allow more VUs (maxVUs, --vus), add CPUs, or request a lower rate"
    )


@reason
def load_too_short(*, seconds: float, asked_seconds: float) -> str:
    """The load ended early."""
    return (
        f"the summary covers {seconds:,.1f} s of the requested {asked_seconds:,.0f} s of load: "
        "see the end of k6's log"
    )


@reason
def generator_ticks_too_few(*, samples: int, needed: int) -> str:
    """The delay of the load generator has too few samples."""
    return (
        f"generator_delay p99 needs {counted(needed, 'tick')} and got {samples:,}, so it is "
        "unknown whether the load generator was starved: run for longer"
    )


@reason
def generator_starved(*, p99_ms: float, highest_ms: float) -> str:
    """The load generator woke too late."""
    return (
        f"the load generator was starved: 1% of its ticks were at least "
        f"{figure_beside(p99_ms, highest_ms, 'ms')} late, and less than "
        f"{figure(highest_ms, 'ms')} is required: stop other programs on the machine, or request "
        "less load"
    )


@reason
def clock_set(*, seconds: float) -> str:
    """The system clock was set, forward if `seconds` is positive."""
    way = "forward" if seconds > 0 else "back"
    return (
        f"the system clock was set {way} by {abs(seconds):,.1f} s during the run, or the machine "
        "slept: run again once the clock is correct"
    )


@reason
def iterations_threw(*, count: int, first: str) -> str:
    """Iterations ended in an exception; `first` may be empty."""
    example = f", the first: {first}" if first else ""
    return f"{counted(count, 'iteration')} threw an exception{example}: fix the k6 script"


@reason
def iterations_without_result(*, missing: int, ended: int) -> str:
    """Iterations recorded no result."""
    return (
        f"{counted(missing, 'iteration')} of {ended:,} recorded neither a success nor a failure: "
        "call iterate() in each iteration of the k6 script"
    )


@reason
def stack_samples_missing(*, seconds: int, metrics: Sequence[str], samples: Sequence[int]) -> str:
    """Metrics of the stack have gaps; `samples` has a number for each metric."""
    found = ", ".join(f"{m} has {n:,}" for m, n in zip(metrics, samples, strict=True))
    return (
        f"too few samples for {seconds:,} s of load: {found}: "
        "check that the component answers and that the machine is not starved"
    )


@reason
def clock_behind(
    *, hop: str, sender: str, receiver: str, events: int, negative: int, mean_ms: float
) -> str:
    """Negative latencies of a hop show that the receiver's clock is behind the sender's."""
    return (
        f"{_negative(hop, events, negative)}: the clock of {receiver} is at least "
        f"{figure(mean_ms, 'ms')} behind that of {sender}"
    )


@reason
def clock_set_back(*, hop: str, receiver: str, events: int, negative: int, mean_ms: float) -> str:
    """Negative latencies of a hop with a single clock show that this clock was set back."""
    return (
        f"{_negative(hop, events, negative)}, {figure(mean_ms, 'ms')} on average: the clock of "
        f"{receiver} was set back during the run"
    )


def _negative(hop: str, events: int, negative: int) -> str:
    return f"{negative:,} of {counted(events, 'event')} have a negative latency from {hop}"


@reason
def hop_clocks_differ(*, clocks: Sequence[str], metrics: Sequence[str]) -> str:
    """Thresholds on hops depend on clocks that differ; `clocks` has a sentence for each."""
    return (
        f"{'; '.join(clocks)}: thresholds on {', '.join(metrics)} cannot be judged: "
        "synchronize the clocks"
    )


@reason
def no_rate_held(*, ramp: str) -> str:
    """A breakpoint found no sustainable rate; `ramp` says how its ramp ended."""
    return f"no rate was held; {ramp}"


@reason
def not_drained(*, seconds: float, outstanding: Sequence[str]) -> str:
    """Some hop did not process everything in time; `outstanding` has a sentence for each."""
    return f"the pipeline did not drain within {seconds:.0f} s: {'; '.join(outstanding)}"


@reason
def data_loss_check_failed(*, why: str) -> str:
    """The data-loss check could not run."""
    return f"the data-loss check did not complete: {why}"


@reason
def ledger_incomplete(*, inserted: int, writes: int, noted: int, lines: int) -> str:
    """The ledger has fewer rows than k6 counts."""
    return (
        f"k6 counts {counted(inserted, 'inserted row')} and {counted(writes, 'write')}, but its "
        f"ledger has {counted(noted, 'inserted row')} of {counted(lines, 'row')}: "
        "check for free disk space, and that each statement of the script names its row"
    )


@reason
def no_traffic(*, seconds: float) -> str:
    """Nobody wrote to the tables while they were observed."""
    return (
        f"nothing was seen: no event arrived in the topics in {seconds:,.0f} s; observe while "
        "something writes to the tables"
    )


@reason
def ledger_empty() -> str:
    """The ledger has no row."""
    return (
        "the ledger of k6 is empty, so it is unknown which rows must arrive: write with iterate() "
        "in the script, and name the row of each statement"
    )


@reason
def fault_did_not_happen(*, fault: str, why: str) -> str:
    """A fault of the run was not seen to happen, or could not be ended."""
    return f"the fault {fault} did not happen as ordered: {why}"
