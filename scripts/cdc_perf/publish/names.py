"""Names of workflows, jobs, and artifacts on GitHub."""

WORKFLOW_FILE = "performance-test.yml"
WORKFLOW_PATH = f".github/workflows/{WORKFLOW_FILE}"
# The commit status to require before a merge; the default branch's code sets it.
STATUS_CONTEXT = "cdc-perf/performance"
# The job that calls the workflow with all the others; GitHub names them `Performance / Gate`.
CALLING_JOB = "Performance"
# The called workflow's jobs that are named in comments.
COMPARE_JOB, REPORT_JOB, GATE_JOB = "Compare", "Report", "Gate"
# The prefix of the name of a pull request's workflow run, before the pull request's number.
PULL_REQUEST_RUN = "Pull request #"
# Everything that is written with a workflow's token is by this user.
BOT = "github-actions[bot]"


def results_name(run_id: int | str, attempt: int | str) -> str:
    """Return the name of the artifact with the results of all scenarios of a workflow run."""
    return f"k6-results-{run_id}-{attempt}"


def comparison_name(run_id: int | str, attempt: int | str) -> str:
    """Return the name of the artifact with the comparison of two versions of a workflow run."""
    return f"k6-comparison-{run_id}-{attempt}"


def scenario_results_name(scenario: str, run_id: int | str, attempt: int | str) -> str:
    """Return the name of the artifact with the results of one scenario of a workflow run."""
    return f"k6-results-{scenario}-{run_id}-{attempt}"
