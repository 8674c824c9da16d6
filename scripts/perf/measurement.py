"""One scenario on a running stack: loaded, watched, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scripts.files import readable_json, write_atomically
from scripts.interruption import postponed
from scripts.load import run as load
from scripts.load.files import ScenarioFiles
from scripts.load.hops import HopWatch, Read
from scripts.load.k6 import K6, Shape, inspect
from scripts.load.progress import Progress
from scripts.perf.plan import PlannedScenario
from scripts.report.live import display
from scripts.results.hops import hops_of
from scripts.results.summary import read_summary
from scripts.settings.executors import RampingArrivalRate, warm_up_seconds
from scripts.stack.backend import Backend
from scripts.stack.gauges import Gauges
from scripts.verdict.evidence import Evidence
from scripts.verdict.points import examine


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
        hops: Reads what the consumer has counted.
    """

    k6: K6
    backend: Backend
    gauges: Gauges
    hops: Read

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
        progress = display(name)
        hops = HopWatch(self.hops, warm_up_seconds(shape.options, where="k6 inspect"))

        def show(moment: Progress) -> None:
            hops.follow(moment)
            progress.show(moment)

        try:
            loaded = load.run(self.k6, planned.scenario, shape, files, self._read_gauges, show)
        finally:
            progress.close()
        with postponed():
            seen = hops.close()
            write_atomically(files.hops, readable_json(hops_of(seen)))
            events = watch.events()
            summary = read_summary(files.summary)
            evidence = Evidence(
                scenario=name,
                executor=shape.options,
                thresholds=planned.thresholds,
                summary=summary,
                points=examine(
                    (files.points,),
                    files.gauges,
                    files.series,
                    planned.thresholds,
                    summary,
                    ramp=isinstance(shape.options, RampingArrivalRate),
                ),
                k6_exit=loaded.exit_code,
                clock_step_seconds=loaded.clock_step_seconds,
                events=events,
                hops=seen,
            )
        return Measured(loaded, evidence)

    def _read_gauges(self, k6: int) -> Mapping[str, float]:
        return self.gauges.read({"k6": k6})
