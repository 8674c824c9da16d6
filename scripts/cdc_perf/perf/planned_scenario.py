"""A scenario of a run."""

from dataclasses import dataclass

from cdc_perf.settings.faults import PlannedFault
from cdc_perf.settings.recovery import RecoveryThresholds
from cdc_perf.settings.scenarios import Scenario
from cdc_perf.settings.thresholds import Threshold


@dataclass(frozen=True)
class PlannedScenario:
    """A scenario with its thresholds in the environment of the run, and its faults.

    Attributes:
        scenario: The scenario.
        thresholds: Its thresholds.
        faults: The faults to inject, in order.
        recovery: The thresholds on the recovery from them; None without faults.
    """

    scenario: Scenario
    thresholds: tuple[Threshold, ...]
    faults: tuple[PlannedFault, ...] = ()
    recovery: RecoveryThresholds | None = None
