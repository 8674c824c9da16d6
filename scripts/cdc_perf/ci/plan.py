"""Plan a workflow run: which scenarios, for how long, or nothing at all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from cdc_perf.ci.relevance import Relevance
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import format_duration, parse_run_duration
from cdc_perf.settings.scenarios import HEALTH_CHECK, Scenario, Scenarios
from cdc_perf.wording import counted

# The scenarios for pull requests and the schedule, and their environment in thresholds.json.
DEFAULT_SCENARIOS = "baseline,e2e-latency"
ENVIRONMENT = "ci"
PULL_REQUEST, MERGE_GROUP = "pull_request", "merge_group"

# In addition to the load: Python, the tools (a first build of k6 takes 8 minutes on two cores), the
# stack, the health check, the artifacts.
_MARGIN_MINUTES = 20
# https://docs.github.com/en/actions/reference/limits: the maximum for a job of a hosted runner.
_LONGEST_JOB_MINUTES = 360


class Output(StrEnum):
    """The plan's outputs for later jobs."""

    RELEVANT = "relevant"
    SCENARIOS = "scenarios"
    MATRIX = "matrix"
    DURATION = "duration"
    COMPARE = "compare"
    BASE = "base"
    HEAD = "head"
    MINUTES = "minutes"
    COMPARE_TIMEOUT = "compare_timeout"


@dataclass(frozen=True)
class Entry:
    """One copy of the job that runs a scenario."""

    scenario: str
    timeout_minutes: int


@dataclass(frozen=True)
class WorkflowPlan:
    """The plan of a workflow run.

    Attributes:
        entries: The scenarios; empty if nothing relevant was changed.
        duration: The duration of each for `inv perf --duration`; empty: the scenario's own.
        why: One sentence with the reason.
    """

    entries: tuple[Entry, ...]
    duration: str
    why: str

    def outputs(self) -> dict[str, str]:
        """Return the outputs, each a single line."""
        names = ",".join(entry.scenario for entry in self.entries)
        include = [
            {"scenario": entry.scenario, "timeout_minutes": entry.timeout_minutes}
            for entry in self.entries
        ]
        return {
            Output.RELEVANT: "true" if self.entries else "false",
            Output.SCENARIOS: names,
            Output.MATRIX: json.dumps({"include": include}, separators=(",", ":")),
            Output.DURATION: self.duration,
        }


def plan(
    scenarios: Scenarios,
    names: str,
    duration: str,
    changed: Sequence[str] | None,
    relevance: Relevance,
) -> WorkflowPlan:
    """Check the inputs of a workflow run, and return its plan.

    Args:
        scenarios: All scenarios.
        names: The requested ones, separated by commas, or `all`; empty: the default ones.
        duration: The duration of each; empty: the scenario's own.
        changed: The paths that a pull request or a merge group changes; None for other events.
        relevance: Which of them can affect performance.

    Raises:
        UsageFailure: A name or the duration is wrong, or a job would exceed GitHub's maximum.
    """
    seconds = parse_run_duration(duration, where="duration_override") if duration else None
    chosen = scenarios.select(names or DEFAULT_SCENARIOS)
    entries = tuple(_entry(scenario, seconds) for scenario in chosen)
    text = format_duration(seconds) if seconds is not None else ""
    if changed is None:
        return WorkflowPlan(
            entries, text, "not a pull request: scenarios run regardless of changed files"
        )
    found = relevance.relevant(changed)
    if not found:
        return WorkflowPlan(
            (),
            text,
            f"{counted(len(changed), 'changed file')}, none of which can affect performance",
        )
    files = counted(len(found), "relevant file")
    return WorkflowPlan(entries, text, f"{found[0]} changed ({files} in total)")


def _entry(scenario: Scenario, seconds: float | None) -> Entry:
    load = scenario.longest_seconds
    # The duration does not apply to the health check.
    if seconds is not None and scenario.name != HEALTH_CHECK:
        load *= seconds / scenario.duration_seconds
    minutes = ceil(load / 60) + _MARGIN_MINUTES
    if minutes > _LONGEST_JOB_MINUTES:
        raise UsageFailure(
            f"duration_override: {scenario.name} would take {minutes:,} minutes including setup; "
            f"GitHub ends a job after {_LONGEST_JOB_MINUTES}",
            hint=f"use less than {format_duration((_LONGEST_JOB_MINUTES - _MARGIN_MINUTES) * 60)}",
        )
    return Entry(scenario.name, minutes)
