"""All that the verdict on a scenario rests on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cdc_perf.integrity.records import Integrity
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.executors import Executor
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.connector_health import ConnectorHealth
from cdc_perf.verdict.k6_gates import CAME_TO_ITS_END
from cdc_perf.verdict.points import PointsSummary, StackMetrics
from cdc_perf.verdict.ramp import Ramp


@dataclass(frozen=True)
class HoldResult:
    """A rate that was held after a ramp had found it.

    Attributes:
        ramp: What the ramp showed.
        rate: Iterations a second; None where the ramp left nothing to hold.
        seconds: For how long.
    """

    ramp: Ramp
    rate: int | None
    seconds: float


@dataclass(frozen=True)
class EarlierPart:
    """A part of a scenario that came before the one that is judged.

    Attributes:
        name: The folder of its files: `ramp`, `hold-1`.
        integrity: What the check after it found.
        exceptions: Its iterations that threw.
    """

    name: str
    integrity: Integrity
    exceptions: Exceptions


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
        events: What happened to the stack's components meanwhile; None where nobody can know.
        hops: What each hop of the events took.
        held: Of a breakpoint the rate that this is the evidence of.
        integrity: What the check of the pipeline found; None where none was made: of the
            health check, and after an interruption.
        connector: How the connector and its tasks were after the load and the drain; None where
            unknown.
        exceptions: The iterations that threw.
        interrupted: What interrupted the load or the check after it; empty: nothing did.
        earlier: Of a breakpoint, the ramp and the holds before the one that this is of.
    """

    scenario: str
    executor: Executor
    thresholds: Sequence[Threshold]
    summary: Summary | NoSummary
    points: PointsSummary
    k6_exit: int
    clock_step_seconds: float
    events: Sequence[ComponentEvent] | None
    hops: HopMeasurements = field(default_factory=HopMeasurements)
    held: HoldResult | None = None
    integrity: Integrity | None = None
    connector: ConnectorHealth | None = None
    exceptions: Exceptions = field(default_factory=Exceptions)
    interrupted: str = ""
    earlier: Sequence[EarlierPart] = ()

    @property
    def stack(self) -> StackMetrics:
        """What limits on the stack are judged on."""
        return StackMetrics(self.points.stack, self.executor)

    @property
    def fallen(self) -> bool:
        """Whether a part of the pipeline went down: a component, the connector or a task."""
        return bool(self.events) or (self.connector is not None and not self.connector.running)

    @property
    def seconds(self) -> float:
        """How long the load lasts, as it was asked for."""
        return self.executor.seconds

    @property
    def k6_came_to_its_end(self) -> bool:
        """Whether k6 itself was neither interrupted nor broken."""
        return self.k6_exit in CAME_TO_ITS_END
