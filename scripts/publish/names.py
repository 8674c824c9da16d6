"""What is looked for on GitHub by its name."""

WORKFLOW_FILE = "performance-test.yml"
# What a run of it for a pull request is called, before the pull request's number.
PULL_REQUEST_RUN = "Pull request #"
# Whoever holds a workflow's token writes as this user.
BOT = "github-actions[bot]"


def results_name(run_id: int | str, attempt: int | str) -> str:
    """Return the name of the artefact with the results of all scenarios of a workflow run."""
    return f"k6-results-{run_id}-{attempt}"
