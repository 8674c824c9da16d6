"""The plan of a run, checked completely before anything starts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cdc_perf.errors import UsageFailure
from cdc_perf.faults.injectors import link_of
from cdc_perf.load.overrides import Overrides
from cdc_perf.perf.fault_plan import possible, why_not_on, with_faults
from cdc_perf.perf.planned_scenario import PlannedScenario
from cdc_perf.settings.durations import parse_run_duration
from cdc_perf.settings.executors import Observation
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.names import nearest
from cdc_perf.settings.overlay import script_variables
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.scenarios import (
    HEALTH_CHECK,
    OBSERVE,
    load_scenarios,
    observation,
)
from cdc_perf.settings.tag_selector import TABLE
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.workload import Workload
from cdc_perf.workload.plans import load_workloads, workload_names

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True)
class Plan:
    """The plan of a run.

    Attributes:
        pipeline: The pipeline under test.
        scenarios: The health check, then the others in the order in which they were named; or
            only the observation.
        overrides: The changes to the committed settings.
        variables: The variables that pass all changes to the k6 scripts.
        workloads: What the scenarios write, by the name that a scenario gives its workload.
        name: The name of the run; may be empty.
        keep: Whether to leave a stack running that this run starts.
        live: Whether to show k6's web dashboard.
        full: Whether to compare all rows of an external stack, not only those of the run.
        cleanup: Whether to delete the rows that the run inserted.
        left_out: The faults of a list that cannot be injected, in sentences.
    """

    pipeline: Pipeline
    scenarios: tuple[PlannedScenario, ...]
    overrides: Overrides
    variables: Mapping[str, str]
    workloads: Mapping[str, Workload]
    name: str
    keep: bool
    live: bool
    full: bool = False
    cleanup: bool = False
    left_out: tuple[str, ...] = ()

    @property
    def observes(self) -> bool:
        """Whether it only observes, and must write nothing."""
        return any(isinstance(x.scenario.options, Observation) for x in self.scenarios)

    @property
    def needs_proxies(self) -> bool:
        """Whether it injects a fault into a link."""
        return any(link_of(each.fault.action) for x in self.scenarios for each in x.faults)

    def on(self, stack: str) -> "Plan":
        """Return the plan without the listed faults that a kind of stack cannot have.

        Raises:
            UsageFailure: A fault that was named is impossible there, or every fault of a list is.
        """
        scenarios, left_out = possible(self.scenarios, why_not_on(stack))
        return replace(self, scenarios=scenarios, left_out=(*self.left_out, *left_out))


def make_plan(
    checkout: Checkout,
    scenarios: str,
    overrides: Overrides,
    *,
    name: str = "",
    keep: bool = False,
    live: bool = False,
    full: bool = False,
    cleanup: bool = False,
) -> Plan:
    """Read every settings file and check every name.

    Args:
        checkout: The checkout with the settings.
        scenarios: Names separated by commas, or `all`.
        overrides: Duration, virtual users, environment, faults.
        name: The name of the run.
        keep: Whether to leave a stack running that this run starts.
        live: Whether to show k6's web dashboard.
        full: Whether to compare all rows of an external stack, not only those of the run.
        cleanup: Whether to delete the rows that the run inserted.

    Raises:
        UsageFailure: A file is wrong, or a name is unknown.
    """
    _expect_name(name)
    known = load_scenarios(checkout)
    metrics = load_metrics(checkout)
    table = load_thresholds(checkout, known.names, metrics)
    pipeline = load_pipeline(checkout)
    chosen = {known.get(HEALTH_CHECK): None, **dict.fromkeys(known.select(scenarios))}
    planned = tuple(
        PlannedScenario(scenario, table.thresholds_of(scenario.name, overrides.environment))
        for scenario in chosen
    )
    _expect_tables(planned, pipeline)
    planned, left_out = with_faults(checkout, pipeline, planned, known.names, overrides)
    return Plan(
        pipeline=pipeline,
        scenarios=planned,
        overrides=overrides,
        variables={**overrides.variables(), **script_variables(checkout)},
        workloads=load_workloads(checkout, pipeline, workload_names(checkout, pipeline, chosen)),
        name=name,
        keep=keep,
        live=live,
        full=full,
        cleanup=cleanup,
        left_out=left_out,
    )


def make_observation(
    checkout: Checkout, duration: str, environment: str = "", *, name: str = "", full: bool = False
) -> Plan:
    """Return the plan of a run that loads nothing and writes nothing.

    Args:
        checkout: The checkout with the settings.
        duration: How long to observe, as typed.
        environment: The environment of the thresholds; empty: none.
        name: The name of the run.
        full: Whether to compare all rows, not only those that the topics have events of.

    Raises:
        UsageFailure: A file, the duration, or a name is wrong.
    """
    _expect_name(name)
    scenario = observation(parse_run_duration(duration, where="--observe-only"))
    table = load_thresholds(checkout, load_scenarios(checkout).names, load_metrics(checkout))
    thresholds = table.thresholds_of(OBSERVE, environment)
    return Plan(
        pipeline=load_pipeline(checkout),
        scenarios=(PlannedScenario(scenario, thresholds),),
        overrides=Overrides(environment=environment),
        variables={},
        workloads={},
        name=name,
        keep=False,
        live=False,
        full=full,
    )


def _expect_tables(scenarios: Iterable[PlannedScenario], pipeline: Pipeline) -> None:
    """Refuse thresholds on tables that no sample can have; under load they would be NO-DATA."""
    known = [str(table.name) for table in pipeline.tables]
    faults = dict.fromkeys(
        f"thresholds.json: {threshold.metric}: {value} is not in [[tables]]; "
        f"{nearest(value, known)}"
        for planned in scenarios
        for threshold in planned.thresholds
        for tag, value in threshold.tags
        if tag == TABLE and value not in known
    )
    if faults:
        raise UsageFailure("\n".join(faults))


def _expect_name(name: str) -> None:
    if name and not _NAME.fullmatch(name):
        raise UsageFailure(
            f"--name: {name!r} is not a valid run name; use up to 40 letters, digits, '.', '_', '-'"
        )
