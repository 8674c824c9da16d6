"""Everything that the verdict on a scenario depends on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from cdc_perf.faults.records import Injection
from cdc_perf.integrity.records import Integrity
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.executors import ConstantArrivalRate, LoadShape
from cdc_perf.settings.recovery import RecoveryThresholds
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.connector_health import ConnectorHealth
from cdc_perf.verdict.k6_gates import FINISHED_CODES, STOPPED_BY_REST
from cdc_perf.verdict.points import PointsSummary, StackMetrics
from cdc_perf.verdict.ramp import Ramp


@dataclass(frozen=True)
class HoldResult:
    """A rate that was held after a ramp had found it.

    Attributes:
        ramp: The result of the ramp.
        rate: Iterations per second; None if the ramp found no rate to hold.
        seconds: The length of the hold.
    """

    ramp: Ramp
    rate: int | None
    seconds: float


@dataclass(frozen=True)
class EarlierPart:
    """A part of a scenario that ran before the judged part.

    Attributes:
        name: The folder of its files: `ramp`, `hold-1`.
        integrity: The result of the data-loss check after it.
        exceptions: Its iterations that threw.
    """

    name: str
    integrity: Integrity
    exceptions: Exceptions


@dataclass(frozen=True)
class Evidence:
    """The measurements of one scenario that ran.

    Attributes:
        scenario: Its name.
        executor: The requested load, after the overrides; or an observation.
        thresholds: Its thresholds; empty for the health check, which gates judge.
        summary: k6's summary.
        points: The summary of its raw points.
        k6_exit: k6's exit code; -N if signal N killed it; None if it did not run.
        clock_step_seconds: By how much the system's clock was set during the load.
        events: What happened to the stack's components during the load; None if unknown.
        hops: The latency of each hop.
        held: Of a breakpoint, the rate that this evidence is about.
        integrity: The result of the data-loss check; None if none ran: for the health check, and
            after an interruption.
        connectors: The state of each connector and its tasks after the load and the drain; empty if
            unknown.
        exceptions: The iterations that threw.
        interrupted: What interrupted the load or the check after it; empty if nothing did.
        earlier: Of a breakpoint, the ramp and the holds before the judged one.
        injections: The faults that were injected, or were to be.
        recovery: The thresholds on the recoveries from them; None without faults.
        stack_name: The backend, whose thresholds on recoveries apply.
        stopped: Whether the harness ended the load after the last recovery.
    """

    scenario: str
    executor: LoadShape
    thresholds: Sequence[Threshold]
    summary: Summary | NoSummary
    points: PointsSummary
    k6_exit: int | None
    clock_step_seconds: float
    events: Sequence[ComponentEvent] | None
    hops: HopMeasurements = field(default_factory=HopMeasurements)
    held: HoldResult | None = None
    integrity: Integrity | None = None
    connectors: Sequence[ConnectorHealth] = ()
    exceptions: Exceptions = field(default_factory=Exceptions)
    interrupted: str = ""
    earlier: Sequence[EarlierPart] = ()
    injections: Sequence[Injection] = ()
    recovery: RecoveryThresholds | None = None
    stack_name: str = ""
    stopped: bool = False

    @property
    def judged_summary(self) -> Summary | NoSummary:
        """The summary that latencies and errors are judged by: without the time of faults."""
        if not self.injections or isinstance(self.summary, NoSummary):
            return self.summary
        return msgspec.structs.replace(self.summary, metrics=dict(self.points.steady))

    @property
    def fault_summary(self) -> Summary | NoSummary:
        """The summary of the time from each fault to its recovery, as thresholds need it."""
        if isinstance(self.summary, NoSummary):
            return self.summary
        return msgspec.structs.replace(self.summary, metrics=dict(self.points.faulted))

    @property
    def k6_outcome(self) -> int | None:
        """k6's exit code; 0 if the harness ended it early, as the scenario asks for."""
        return 0 if self.stopped and self.k6_exit == STOPPED_BY_REST else self.k6_exit

    @property
    def made_load(self) -> LoadShape:
        """The requested load; if the harness ended it early, until then."""
        early = self.stopped and isinstance(self.executor, ConstantArrivalRate)
        if not early or isinstance(self.summary, NoSummary):
            return self.executor
        duration = format_duration(self.summary.duration_ms / 1000)
        return msgspec.structs.replace(self.executor, duration=duration)

    @property
    def stack(self) -> StackMetrics:
        """The input for thresholds on the stack."""
        return StackMetrics(self.points.stack, self.executor)

    @property
    def fallen(self) -> bool:
        """Whether a part of the pipeline went down: a component, a connector, or a task."""
        return bool(self.events) or not all(x.running for x in self.connectors)

    @property
    def seconds(self) -> float:
        """The requested length of the load."""
        return self.made_load.seconds

    @property
    def k6_finished(self) -> bool:
        """Whether k6 finished: it was not interrupted and did not fail."""
        return self.k6_outcome in FINISHED_CODES
