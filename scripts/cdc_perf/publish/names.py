"""What is looked for on GitHub by its name."""

WORKFLOW_FILE = "performance-test.yml"
WORKFLOW_PATH = f".github/workflows/{WORKFLOW_FILE}"
# What people require before a merge: the commit status that the default branch's code sets.
STATUS_CONTEXT = "cdc-perf/performance"
# Its jobs whose results people see.
REPORT_JOB, GATE_JOB = "Report", "Gate"
# What a run of it for a pull request is called, before the pull request's number.
PULL_REQUEST_RUN = "Pull request #"
# Whoever holds a workflow's token writes as this user.
BOT = "github-actions[bot]"


def results_name(run_id: int | str, attempt: int | str) -> str:
    """Return the name of the artefact with the results of all scenarios of a workflow run."""
    return f"k6-results-{run_id}-{attempt}"


def scenario_results_name(scenario: str, run_id: int | str, attempt: int | str) -> str:
    """Return the name of the artifact with the results of one scenario of a workflow run."""
    return f"k6-results-{scenario}-{run_id}-{attempt}"
