"""What loads the pipeline during a scenario: k6, or others while the harness only observes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load import run as load
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.k6 import K6, PrometheusTarget, Shape, inspect
from cdc_perf.load.observe import observe
from cdc_perf.load.progress import LoadProgress
from cdc_perf.load.web_dashboard_relay import WebDashboardRelay
from cdc_perf.results.summary import SCHEMA_VERSION, Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK, Scenario
from cdc_perf.workload.load_plan import LoadPlan

Gauges = Callable[[Mapping[str, int]], Mapping[str, float]]
OnProgress = Callable[[LoadProgress], None]


class Load(Protocol):
    """What loads the pipeline during a scenario."""

    @property
    def dashboard(self) -> WebDashboardRelay | None:
        """k6's web dashboard; None if it is not shown."""

    def shape(self, scenario: Scenario) -> Shape:
        """Return the load of a scenario.

        Raises:
            LoadFailure: The script does not load.
        """

    def run(
        self,
        scenario: Scenario,
        shape: Shape,
        files: ScenarioFiles,
        gauges: Gauges,
        on_progress: OnProgress,
        until: Callable[[], bool],
    ) -> load.LoadResult:
        """Run a scenario, sample the stack's gauges meanwhile, and write the files of both.

        Args:
            scenario: The scenario.
            shape: Its load, from `shape`.
            files: The files to write; the folder is created.
            gauges: Returns the stack's gauges, given the process IDs of other programs by name.
            on_progress: Called about once a second.
            until: Whether the load may end before its time.
        """

    def points(self, files: ScenarioFiles) -> tuple[Path, ...]:
        """Return the files of points that a scenario leaves."""

    def with_variables(self, variables: Mapping[str, str]) -> "Load":
        """Return a copy with more variables for the scripts."""

    def pushing_to(self, url: str, run_id: str) -> "Load":
        """Return a copy that pushes its samples to a Prometheus."""


@dataclass(frozen=True)
class K6Load:
    """The load that k6 makes.

    Attributes:
        k6: The program, with the addresses of the stack.
        plans: What the scenarios write, by their names; the health check also tries those of the
            others.
    """

    k6: K6
    plans: Mapping[str, LoadPlan] = field(default_factory=dict)

    @property
    def dashboard(self) -> WebDashboardRelay | None:
        """k6's web dashboard; None if it is not shown."""
        return self.k6.dashboard

    def shape(self, scenario: Scenario) -> Shape:
        """Return the load that k6 derives from a scenario."""
        return inspect(self.k6, scenario)

    def run(
        self,
        scenario: Scenario,
        shape: Shape,
        files: ScenarioFiles,
        gauges: Gauges,
        on_progress: OnProgress,
        until: Callable[[], bool],
    ) -> load.LoadResult:
        """Run k6."""
        plans = [plan for name, plan in self.plans.items() if name == scenario.name]
        for plan in self.plans.values() if scenario.name == HEALTH_CHECK else ():
            if plan not in plans:
                plans.append(plan)
        return load.run(self.k6, scenario, shape, files, gauges, on_progress, plans, until)

    def points(self, files: ScenarioFiles) -> tuple[Path, ...]:
        """Return the file of k6's points."""
        return (files.points,)

    def with_variables(self, variables: Mapping[str, str]) -> "K6Load":
        """Return a copy with more variables for the scripts."""
        changed = replace(self.k6, environment={**self.k6.environment, **variables})
        return replace(self, k6=changed)

    def pushing_to(self, url: str, run_id: str) -> "K6Load":
        """Return a copy whose k6 pushes its samples to a Prometheus."""
        return replace(self, k6=replace(self.k6, push_to=PrometheusTarget(url, run_id)))


@dataclass(frozen=True)
class LoadOfOthers:
    """A load that others make: here only the time passes, and nothing is written to the stack."""

    dashboard: None = None

    def shape(self, scenario: Scenario) -> Shape:
        """Return the observation."""
        return Shape(scenario.options, scenario.duration_seconds, 0.0)

    def run(
        self,
        scenario: Scenario,
        shape: Shape,
        files: ScenarioFiles,
        gauges: Gauges,
        on_progress: OnProgress,
        until: Callable[[], bool],  # noqa: ARG002 - it takes its time
    ) -> load.LoadResult:
        """Observe; the summary has the duration, and no metric of k6."""
        result = observe(shape, files, gauges, on_progress)
        summary = Summary(
            schema_version=SCHEMA_VERSION,
            scenario=scenario.name,
            # Not below 0, even if the clock was set: the verdict reports that.
            duration_ms=max(0.0, (result.ended - result.started).total_seconds() * 1000),
            metrics={},
            checks=(),
        )
        write_atomically(files.summary, readable_json(summary))
        return result

    def points(self, _files: ScenarioFiles) -> tuple[Path, ...]:
        """Return none."""
        return ()

    def with_variables(self, _variables: Mapping[str, str]) -> "LoadOfOthers":
        """Return this: there is no script."""
        return self

    def pushing_to(self, _url: str, _run_id: str) -> "LoadOfOthers":
        """Return this: there are no samples of k6."""
        return self
