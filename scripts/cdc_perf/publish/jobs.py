"""The conclusions of a workflow run's jobs, from GitHub."""

from collections.abc import Mapping

import msgspec

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import CALLING_JOB
from cdc_perf.publish.runner import WorkflowRun

SUCCESS, FAILURE = "success", "failure"
_PREFIX = f"{CALLING_JOB} / "


class _Job(msgspec.Struct, frozen=True):
    name: str
    conclusion: str | None
    run_attempt: int


class _Page(msgspec.Struct, frozen=True):
    jobs: tuple[_Job, ...]


def conclusions(github: GitHub, run: WorkflowRun) -> Mapping[str, str]:
    """Return each called job's conclusion by name, from the last attempt that included it.

    It skips the other jobs of the calling workflow.
    https://docs.github.com/en/rest/actions/workflow-jobs

    Raises:
        ApiFailure: GitHub returned an error.
    """
    pages = github.pages(f"/actions/runs/{run.id}/jobs", _Page, {"filter": "all"})
    jobs = [x for page in pages for x in page.jobs if x.run_attempt <= run.run_attempt]
    jobs.sort(key=lambda job: job.run_attempt)
    return {
        job.name.removeprefix(_PREFIX): job.conclusion or ""
        for job in jobs
        if job.name.startswith(_PREFIX)
    }
