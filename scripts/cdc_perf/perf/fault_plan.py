"""Which faults a run injects: those that were named, or the lists of its scenarios.

A fault that was named and is impossible is refused. One of a list is left out: `resilience` also
serves pipelines and stacks that lack a component.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cdc_perf.errors import UsageFailure
from cdc_perf.faults.injectors import component_of, link_of, needs_apis_only, needs_own_canary
from cdc_perf.faults.player import STEADY_SECONDS, WINDOW_SECONDS
from cdc_perf.load.overrides import Overrides
from cdc_perf.perf.planned_scenario import PlannedScenario
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.faults import (
    Action,
    FillDisk,
    OfLink,
    PlannedFault,
    TakeSnapshot,
    lasting,
    load_faults,
    named_faults,
    typed_faults,
)
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.scenarios import HEALTH_CHECK, Scenario
from cdc_perf.settings.threshold_file import load_recovery_thresholds
from cdc_perf.stack.choice import COMPOSE, EXTERNAL
from cdc_perf.stack.component_specs import COMPONENTS, components_of
from cdc_perf.stack.links import LINKS, links_of

# Returns why a fault is impossible; empty if it is not.
WhyNot = Callable[[PlannedFault], str]


def with_faults(
    checkout: Checkout,
    pipeline: Pipeline,
    scenarios: Iterable[PlannedScenario],
    names: Sequence[str],
    overrides: Overrides,
) -> tuple[tuple[PlannedScenario, ...], tuple[str, ...]]:
    """Return the scenarios with their faults, and what was left out, in sentences.

    Args:
        checkout: The checkout with the settings.
        pipeline: The pipeline.
        scenarios: The scenarios, without faults.
        names: The names of all scenarios.
        overrides: The faults that were named, and how often to repeat a list.

    Raises:
        UsageFailure: A fault is unknown or impossible, has a wrong time, or a file is wrong.
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
        for each in faults:
            _expect_known(each)
        if faults:
            _expect_time(scenario, faults, overrides)
        thresholds = tuple(x for x in planned.thresholds if faults or not x.of_faults)
        judged = recovery if faults else None
        found.append(replace(planned, thresholds=thresholds, faults=faults, recovery=judged))
    if repeat > 1 and (typed or not any(each.faults for each in found)):
        raise UsageFailure("--repeat: needs a scenario that has a list of faults, and no --fault")
    if typed and all(each.scenario.name == HEALTH_CHECK for each in found):
        raise UsageFailure("--fault: the health check takes no faults; name another scenario")
    return possible(found, lambda planned: _lacks(pipeline, planned.fault.action))


def possible(
    scenarios: Iterable[PlannedScenario], why_not: WhyNot
) -> tuple[tuple[PlannedScenario, ...], tuple[str, ...]]:
    """Return the scenarios without the listed faults that are impossible, and what was left out.

    Raises:
        UsageFailure: A fault that was named is impossible, or every fault of a list is.
    """
    found, left_out = [], []
    for planned in scenarios:
        kept = []
        for each in planned.faults:
            if not (why := why_not(each)):
                kept.append(each)
            elif each.at_seconds is not None:
                raise UsageFailure(f"--fault: {each}: {why}")
            else:
                left_out.append(f"{planned.scenario.name}: without {each}: {why}")
        if planned.faults and not kept:
            raise UsageFailure(
                f"{planned.scenario.name}: none of its faults can be injected: {why}"
            )
        found.append(replace(planned, faults=tuple(kept)))
    return tuple(found), tuple(dict.fromkeys(left_out))


def why_not_on(stack: str) -> WhyNot:
    """Return a function that explains why a kind of stack cannot have a fault."""

    def why_not(planned: PlannedFault) -> str:
        action = planned.fault.action
        if stack == EXTERNAL and (planned.at_seconds is None or not needs_apis_only(action)):
            return (
                "into a stack that others operate, only faults of the connector, of the walsender, "
                "of a transaction, and of a link can be injected, and only with --fault"
            )
        if stack == COMPOSE and isinstance(action, OfLink):
            return "the compose stack has no Toxiproxy; use --stack local"
        if stack == COMPOSE and isinstance(action, FillDisk):
            return "the disk of a container is the engine's; use --stack local"
        if stack == COMPOSE and isinstance(action, TakeSnapshot):
            return "the broker has another address for Kafka Connect; use --stack local"
        return ""

    return why_not


def _expect_known(planned: PlannedFault) -> None:
    """Refuse a fault of a component or a link that no pipeline has."""
    action = planned.fault.action
    links = [link.name for link in LINKS]
    for what, name, known in (
        ("component", component_of(action), COMPONENTS),
        ("link", link_of(action), links),
    ):
        if name and name not in known:
            raise UsageFailure(
                f"fault {planned.fault.name}: unknown {what} {name!r}; {nearest(name, known)}"
            )


def _lacks(pipeline: Pipeline, action: Action) -> str:
    """Return what a pipeline lacks for a fault; empty if it lacks nothing."""
    component, link = component_of(action), link_of(action)
    if component and component not in {spec.name for spec in components_of(pipeline)}:
        return f"the pipeline has no component {component}"
    if link and link not in {each.name for each in links_of(pipeline)}:
        return f"the pipeline has no link {link}"
    if needs_own_canary(action) and pipeline.canary is not None:
        return "it needs the canary's own table; remove [canary] from pipeline.toml"
    return ""


def _expect_time(scenario: Scenario, faults: Sequence[PlannedFault], overrides: Overrides) -> None:
    """Refuse faults that a scenario cannot have, or that begin or end after its load."""
    if scenario.hold_seconds is not None:
        raise UsageFailure(
            f"--fault: {scenario.name} takes no faults: it looks for the highest rate"
        )
    seconds = overrides.duration_seconds or scenario.duration_seconds
    listed = [each for each in faults if each.at_seconds is None]
    least = sum(WINDOW_SECONDS + STEADY_SECONDS + lasting(each.fault.action) for each in listed)
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
