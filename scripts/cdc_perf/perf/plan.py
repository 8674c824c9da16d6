"""The plan of a run, checked completely before anything starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cdc_perf.errors import UsageFailure
from cdc_perf.load.overrides import Overrides
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.overlay import script_variables
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.scenarios import HEALTH_CHECK, Scenario, load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.thresholds import Threshold

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True)
class PlannedScenario:
    """A scenario with its thresholds in the environment of the run."""

    scenario: Scenario
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True)
class Plan:
    """The plan of a run.

    Attributes:
        pipeline: The pipeline under test.
        scenarios: The health check, then the others in the order in which they were named.
        overrides: The changes to the committed settings.
        variables: The variables that pass all changes to the k6 scripts.
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
    name: str
    keep: bool
    live: bool
    full: bool = False
    cleanup: bool = False


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
        overrides: Duration, virtual users, environment.
        name: The name of the run.
        keep: Whether to leave a stack running that this run starts.
        live: Whether to show k6's web dashboard.
        full: Whether to compare all rows of an external stack, not only those of the run.
        cleanup: Whether to delete the rows that the run inserted.

    Raises:
        UsageFailure: A file is wrong, or a name is unknown.
    """
    if name and not _NAME.fullmatch(name):
        raise UsageFailure(
            f"--name: {name!r} is not a valid run name; use up to 40 letters, digits, '.', '_', '-'"
        )
    known = load_scenarios(checkout)
    metrics = load_metrics(checkout)
    table = load_thresholds(checkout, known.names, metrics)
    pipeline = load_pipeline(checkout)
    chosen = {known.get(HEALTH_CHECK): None, **dict.fromkeys(known.select(scenarios))}
    return Plan(
        pipeline=pipeline,
        scenarios=tuple(
            PlannedScenario(scenario, table.thresholds_of(scenario.name, overrides.environment))
            for scenario in chosen
        ),
        overrides=overrides,
        variables={**overrides.variables(), **script_variables(checkout)},
        name=name,
        keep=keep,
        live=live,
        full=full,
        cleanup=cleanup,
    )
