"""The base branch's last comparable run of each scenario."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from cdc_perf.errors import ExitCode
from cdc_perf.publish.fetch import fetch
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import WORKFLOW_FILE
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.report.changes import incomparable
from cdc_perf.runs.run_set import RecordedScenario

# The branch's own runs. A pull request's run may be for a fork's branch of the same name.
_OWN_EVENTS = frozenset({"schedule", "workflow_dispatch"})
# How many runs to check, because each is a download.
_MOST_RUNS = 5


class _Page(msgspec.Struct, frozen=True):
    workflow_runs: tuple[WorkflowRun, ...]


@dataclass(frozen=True)
class BaselineComparison:
    """A run's scenarios next to those of the base branch.

    Attributes:
        pairs: By scenario: the earlier and the current measurement.
        runs: The workflow runs of the earlier measurements, newest first.
        missing: By scenario: one sentence on why there is no earlier measurement.
    """

    pairs: Mapping[str, tuple[RecordedScenario, RecordedScenario]]
    runs: tuple[int, ...]
    missing: Mapping[str, str]


def compare(
    github: GitHub,
    branch: str,
    measured: Mapping[str, RecordedScenario],
    scenarios: Collection[str],
    temporary: str,
) -> BaselineComparison:
    """Search the last runs of a branch for a comparable measurement of each scenario.

    Args:
        github: The repository.
        branch: The base branch.
        measured: The current measurements.
        scenarios: The names of all scenarios.
        temporary: The parent of temporary folders.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    pairs: dict[str, tuple[RecordedScenario, RecordedScenario]] = {}
    reasons: dict[str, str] = {}
    runs: list[int] = []
    for run in _runs(github, branch):
        left = [name for name in measured if name not in pairs]
        if not left:
            break
        before = fetch(github, run, scenarios, temporary).recorded.measured()
        for name in left:
            if name not in before:
                continue
            if before[name].row.verdict.exit_code not in (ExitCode.PASS, ExitCode.FAIL):
                reasons.setdefault(name, "its last run there has no usable measurement")
                continue
            differs = incomparable(before[name], measured[name])
            if differs:
                reasons.setdefault(name, f"its last run there is not comparable: {differs}")
            else:
                pairs[name] = (before[name], measured[name])
                runs.append(run.id)
    missing = {
        name: reasons.get(name, f"none of the last {_MOST_RUNS} runs there has its results")
        for name in measured
        if name not in pairs
    }
    return BaselineComparison(pairs, tuple(dict.fromkeys(runs)), missing)


def _runs(github: GitHub, branch: str) -> list[WorkflowRun]:
    query = {"branch": branch, "status": "completed"}
    page = next(github.pages(f"/actions/workflows/{WORKFLOW_FILE}/runs", _Page, query))
    return [
        run
        for run in page.workflow_runs
        if run.event in _OWN_EVENTS
        and run.head_repository is not None
        and run.head_repository.full_name == github.repository
    ][:_MOST_RUNS]
