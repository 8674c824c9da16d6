"""One scenario on a running stack: loaded, watched, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scripts.errors import Interrupted, StackFailure
from scripts.files import readable_json, write_atomically
from scripts.integrity.check import Checker, excuse, unchecked
from scripts.integrity.records import Integrity
from scripts.integrity.topic import Begins
from scripts.interruption import postponed
from scripts.load import run as load
from scripts.load.files import ScenarioFiles
from scripts.load.k6 import K6, Shape, inspect
from scripts.perf.plan import PlannedScenario
from scripts.report.live import display
from scripts.results.summary import read_summary
from scripts.settings.scenarios import HEALTH_CHECK
from scripts.stack.backend import Backend, Watch
from scripts.stack.gauges import Gauges
from scripts.verdict.evidence import Evidence
from scripts.verdict.points import examine
from scripts.waiting import NotReady, wait_until

# How long a component that ended by itself may take to come back after a scenario.
_RECOVERY_SECONDS = 20.0


@dataclass(frozen=True)
class Measured:
    """What one k6 run left.

    Attributes:
        loaded: What is known of k6.
        evidence: What the verdict rests on.
    """

    loaded: load.Loaded
    evidence: Evidence


@dataclass(frozen=True)
class Laboratory:
    """A stack and a load generator, ready to measure.

    Attributes:
        k6: The load generator, with the addresses of the stack.
        backend: What runs the stack.
        gauges: What the stack shows of itself.
        checker: Drains the pipeline and checks that nothing was lost.
    """

    k6: K6
    backend: Backend
    gauges: Gauges
    checker: Checker

    def with_variables(self, variables: Mapping[str, str]) -> "Laboratory":
        """Return the same with more variables for the scripts."""
        return replace(self, k6=replace(self.k6, environment={**self.k6.environment, **variables}))

    def shape(self, planned: PlannedScenario) -> Shape:
        """Ask k6 what a scenario comes to.

        Raises:
            LoadFailure: The script cannot be loaded.
        """
        return inspect(self.k6, planned.scenario)

    def measure(self, planned: PlannedScenario, shape: Shape, files: ScenarioFiles) -> Measured:
        """Run a scenario, whatever comes, and gather the evidence."""
        name = planned.scenario.name
        watch = self.backend.watch()
        # One row through every hop needs no comparison of all of them before the load.
        begins = None if name == HEALTH_CHECK else self.checker.begin()
        progress = display(name)
        try:
            loaded = load.run(
                self.k6, planned.scenario, shape, files, self._read_gauges, progress.show
            )
        finally:
            progress.close()
        integrity = None
        if loaded.interrupted is None and begins is not None:
            try:
                integrity = self._check(begins, files, watch)
            except Interrupted as interruption:
                loaded = replace(loaded, interrupted=interruption)
        with postponed():
            # What dies while it drains counts as well.
            events = watch.events()
            summary = read_summary(files.summary)
            evidence = Evidence(
                scenario=name,
                executor=shape.options,
                thresholds=planned.thresholds,
                summary=summary,
                points=examine(
                    (files.points,), files.gauges, files.series, planned.thresholds, summary
                ),
                k6_exit=loaded.exit_code,
                clock_step_seconds=loaded.clock_step_seconds,
                events=events,
                integrity=integrity,
            )
        return Measured(loaded, evidence)

    def _check(self, begins: Begins, files: ScenarioFiles, watch: Watch) -> Integrity:
        """Check the pipeline's integrity, unless a part of it is not going to come back."""
        try:
            wait_for_components(self.backend)
        except StackFailure as failure:
            integrity = unchecked(failure.message)
        else:
            excused = excuse(event.component for event in watch.events())
            integrity = self.checker.check(begins, files.ledger, excused)
        write_atomically(files.integrity, readable_json(integrity))
        return integrity

    def _read_gauges(self, k6: int) -> Mapping[str, float]:
        return self.gauges.read({"k6": k6})


def wait_for_components(backend: Backend) -> None:
    """Wait until every component runs: one that died in the last scenario is started again.

    Raises:
        StackFailure: One was stopped, or does not come back.
    """

    def probe() -> None:
        away = {status.name: status.state for status in backend.status() if not status.running}
        if "stopped" in away.values():
            raise StackFailure(f"{', '.join(away)} stopped", hint="inv up starts what was stopped")
        if away:
            raise NotReady(f"{', '.join(away)} not running")

    wait_until(probe, what="the stack", deadline_seconds=_RECOVERY_SECONDS, hint="see `inv status`")
