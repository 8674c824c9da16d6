"""All that the verdict on a scenario rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.results.summary import NoSummary, Summary
from scripts.settings.executors import Executor
from scripts.settings.thresholds import Threshold
from scripts.stack.component import ComponentEvent
from scripts.verdict.points import PointsSeen


@dataclass(frozen=True)
class Evidence:
    """What is known of one scenario that was run.

    Attributes:
        scenario: Its name.
        executor: The load that was asked for, after the overrides.
        thresholds: Its limits; none for the health check, which its gates judge.
        summary: The summary that k6 left.
        points: What its raw points come to.
        k6_exit: k6's exit code; -N where signal N killed it.
        clock_step_seconds: By how much the system's clock was set meanwhile.
        events: What happened to the stack's components meanwhile.
    """

    scenario: str
    executor: Executor
    thresholds: Sequence[Threshold]
    summary: Summary | NoSummary
    points: PointsSeen
    k6_exit: int
    clock_step_seconds: float
    events: Sequence[ComponentEvent]
