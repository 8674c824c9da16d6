"""Why a scenario or a run has no verdict of its own."""

from collections.abc import Sequence

from cdc_perf.reasons.reason import reason


@reason
def not_run(*, why: str) -> str:
    """Something before the scenario blocked it."""
    return f"not run: {why}"


@reason
def no_reason_recorded() -> str:
    """The verdict on the run has no reason for a scenario without files."""
    return "it was not run"


@reason
def run_incomplete() -> str:
    """The run has no verdict."""
    return "the run ended before its verdict"


@reason
def not_in_run() -> str:
    """The verdict on the run lacks the scenario."""
    return "the verdict on the run does not mention it"


@reason
def verdict_unreadable(*, why: str) -> str:
    """The verdict on the scenario cannot be read."""
    return f"it was not judged: {why}"


@reason
def no_scenario_run() -> str:
    """The run has no scenario."""
    return "no scenario was run"


@reason
def run_interrupted(*, how: str) -> str:
    """A signal ended the run; `how` is `interrupted by SIGINT`."""
    return how


@reason
def runs_unfinished(*, runs: Sequence[str]) -> str:
    """Recorded runs are not complete."""
    return f"{', '.join(runs)} did not complete"
