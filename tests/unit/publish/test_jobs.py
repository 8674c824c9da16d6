"""The conclusions of the called jobs of a workflow run."""

from typing import Any

import responses

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.jobs import conclusions
from cdc_perf.publish.runner import WorkflowRun

API, NAME = "https://api.example", "octo/cdc-perf"
RUN = WorkflowRun(7, 2, "pull_request", "success", "a" * 40, "change", None)


def job(name: str, conclusion: str | None, attempt: int = 1) -> dict[str, Any]:
    return {"name": name, "conclusion": conclusion, "run_attempt": attempt}


def test_the_last_attempt_of_each_called_job_counts_and_no_other_job() -> None:
    jobs = [
        job("Performance / Gate", "success", 2),
        job("Performance / Gate", "failure", 1),
        job("Performance / Run baseline", "failure", 1),
        job("Performance / Run baseline", "success", 3),
        job("Performance / Compare", None, 2),
        # Someone may add jobs to the calling workflow; none of them stands for one of ours.
        job("Compare", "success", 2),
        job("Other / Run e2e-latency", "success", 2),
    ]
    with responses.RequestsMock() as mock:
        mock.get(f"{API}/repos/{NAME}/actions/runs/7/jobs", json={"jobs": jobs})
        found = conclusions(GitHub(API, NAME, "sesame"), RUN)
    assert found == {"Gate": "success", "Run baseline": "failure", "Compare": ""}
