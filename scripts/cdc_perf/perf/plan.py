"""The plan of a run, checked completely before anything starts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cdc_perf.errors import UsageFailure
from cdc_perf.faults.injectors import component_of
from cdc_perf.faults.player import STEADY_SECONDS
from cdc_perf.load.overrides import Overrides
from cdc_perf.settings.durations import format_duration, parse_run_duration
from cdc_perf.settings.executors import Observation
from cdc_perf.settings.faults import (
    PlannedFault,
    lasting,
    load_faults,
    named_faults,
    typed_faults,
)
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.names import nearest
from cdc_perf.settings.overlay import script_variables
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.recovery import RecoveryThresholds
from cdc_perf.settings.scenarios import (
    HEALTH_CHECK,
    OBSERVE,
    Scenario,
    load_scenarios,
    observation,
)
from cdc_perf.settings.tag_selector import TABLE
from cdc_perf.settings.threshold_file import load_recovery_thresholds, load_thresholds
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.settings.workload import Workload
from cdc_perf.stack.component_specs import components_of
from cdc_perf.workload.plans import load_workloads, workload_names

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


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

    @property
    def observes(self) -> bool:
        """Whether it only observes, and must write nothing."""
        return any(isinstance(x.scenario.options, Observation) for x in self.scenarios)


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
    planned = _with_faults(checkout, planned, known.names, overrides)
    _expect_components(planned, pipeline)
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


def _with_faults(
    checkout: Checkout,
    scenarios: Iterable[PlannedScenario],
    names: Sequence[str],
    overrides: Overrides,
) -> tuple[PlannedScenario, ...]:
    """Return the scenarios with the faults of the option, or else with their own lists.

    Raises:
        UsageFailure: A fault is unknown, has a wrong time, or a file is wrong.
    """
    known = load_faults(checkout)
    recovery = load_recovery_thresholds(checkout, names, known)
    typed, repeat = typed_faults(overrides.faults, known), overrides.repeat
    found = []
    for planned in scenarios:
        scenario = planned.scenario
        where = f"{checkout.scenarios_file.name}: {scenario.name}.faults"
        own = named_faults(scenario.faults, known, where=where) * repeat
        faults = () if scenario.name == HEALTH_CHECK else typed or own
        if faults:
            _expect_possible(scenario, faults, overrides)
        found.append(replace(planned, faults=faults, recovery=recovery if faults else None))
    if repeat > 1 and (typed or not any(each.faults for each in found)):
        raise UsageFailure("--repeat: needs a scenario that has a list of faults, and no --fault")
    if typed and all(each.scenario.name == HEALTH_CHECK for each in found):
        raise UsageFailure("--fault: the health check takes no faults; name another scenario")
    return tuple(found)


def _expect_possible(
    scenario: Scenario, faults: Sequence[PlannedFault], overrides: Overrides
) -> None:
    """Refuse faults that a scenario cannot have, or that begin or end after its load."""
    if scenario.hold_seconds is not None:
        raise UsageFailure(
            f"--fault: {scenario.name} takes no faults: it looks for the highest rate"
        )
    seconds = overrides.duration_seconds or scenario.duration_seconds
    listed = [each for each in faults if each.at_seconds is None]
    least = sum(STEADY_SECONDS + lasting(each.fault.action) for each in listed)
    if least > seconds:
        raise UsageFailure(
            f"{scenario.name}: {len(listed)} faults take at least {format_duration(least)}, and "
            f"the load ends after {format_duration(seconds)}; add --duration"
        )
    for each in faults:
        end = (each.at_seconds or 0.0) + lasting(each.fault.action)
        if each.at_seconds is not None and end >= seconds:
            raise UsageFailure(
                f"--fault: {each} ends after {format_duration(end)}, and the load of "
                f"{scenario.name} after {format_duration(seconds)}; give it an earlier time"
            )


def _expect_components(scenarios: Iterable[PlannedScenario], pipeline: Pipeline) -> None:
    """Refuse faults of components that the pipeline does not have."""
    known = [spec.name for spec in components_of(pipeline)]
    for planned in scenarios:
        for each in planned.faults:
            component = component_of(each.fault.action)
            if component and component not in known:
                raise UsageFailure(
                    f"fault {each.fault.name}: the pipeline has no component {component!r}; "
                    f"{nearest(component, known)}"
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
