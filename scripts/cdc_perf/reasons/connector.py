"""Why the connector does not run.

Each function takes the problem in one line and how to fix it, which may be empty.
"""

from cdc_perf.reasons.reason import reason


@reason
def connector_failed(*, problem: str, remedy: str) -> str:
    """The connector or one of its tasks failed."""
    return _with(problem, remedy)


@reason
def connector_halted(*, problem: str, remedy: str) -> str:
    """The connector or one of its tasks is paused or stopped."""
    return _with(problem, remedy)


@reason
def connector_absent(*, problem: str, remedy: str) -> str:
    """Kafka Connect has no such connector."""
    return _with(problem, remedy)


@reason
def connector_without_task(*, problem: str, remedy: str) -> str:
    """The connector has no task."""
    return _with(problem, remedy)


@reason
def connector_not_running(*, problem: str, remedy: str) -> str:
    """The connector or one of its tasks is in another state than RUNNING."""
    return _with(problem, remedy)


@reason
def connector_unknown(*, problem: str, remedy: str) -> str:
    """Kafka Connect does not say how the connector is."""
    return _with(problem, remedy)


def _with(problem: str, remedy: str) -> str:
    return f"{problem}: {remedy}" if remedy else problem
