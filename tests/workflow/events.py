"""What GitHub tells a workflow of the event that started it, as far as it is looked at."""

from typing import Any

from cdc_perf.publish.labels import LABEL
from tests.workflow.act import REPOSITORY, RUN_ID

NUMBER = 7
BRANCH = "change"
BASE = "b" * 40
# When the head was pushed, and an hour before and after it.
BEFORE, PUSHED, AFTER = (f"2026-11-29T{hour:02}:00:00Z" for hour in (9, 10, 11))
PATH = ".github/workflows/performance-test.yml"


def repository(full_name: str) -> dict[str, Any]:
    return {"full_name": full_name, "owner": {"login": full_name.partition("/")[0]}}


def pull(
    head: str,
    *,
    of: str = REPOSITORY,
    number: int = NUMBER,
    base: str = "main",
    labels: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return a pull request whose head is that commit; `of` says whose branch it is."""
    return {
        "number": number,
        "head": {"sha": head, "ref": BRANCH, "repo": repository(of)},
        "base": {"ref": base, "sha": BASE},
        "labels": [{"name": name} for name in labels],
    }


def pull_request(head: str, *, of: str = REPOSITORY, to: str = REPOSITORY) -> dict[str, Any]:
    """Return the event of a pull request; `of` says whose branch it is, `to` where it goes."""
    return {"number": NUMBER, "pull_request": pull(head, of=of), "repository": _whole(to)}


def label(head: str, name: str, *, action: str = "labeled", of: str = REPOSITORY) -> dict[str, Any]:
    """Return the event of a label that was added to or removed from a pull request."""
    described = pull(head, of=of)
    return {
        "action": action,
        "number": NUMBER,
        "label": {"name": name},
        "pull_request": described,
        "repository": _this(),
    }


def labeled(at: str, *, by: str = "alice", name: str = LABEL) -> dict[str, Any]:
    """Return an entry of a pull request's history: a label that was added."""
    return {"event": "labeled", "created_at": at, "actor": {"login": by}, "label": {"name": name}}


def merge_group(base: str, head: str, *, to: str = REPOSITORY) -> dict[str, Any]:
    """Return the event of a group of the merge queue; it has no pull request."""
    queue = f"refs/heads/gh-readonly-queue/main/pr-{NUMBER}-{base}"
    group = {
        "head_sha": head,
        "head_ref": queue,
        "base_sha": base,
        "base_ref": "refs/heads/main",
    }
    return {"action": "checks_requested", "merge_group": group, "repository": _whole(to)}


def schedule() -> dict[str, Any]:
    return {"schedule": "0 2 * * *", "repository": _this()}


def dispatch(scenario: str, duration: str = "") -> dict[str, Any]:
    inputs = {"scenario": scenario, "duration_override": duration}
    return {"inputs": inputs, "repository": _this()}


def run(
    head: str,
    *,
    of: str = REPOSITORY,
    number: int = int(RUN_ID),
    event: str = "pull_request",
    branch: str = BRANCH,
    conclusion: str = "success",
    attempt: int = 1,
    path: str = PATH,
) -> dict[str, Any]:
    """Return a finished run of performance-test.yml."""
    return {
        "id": number,
        "run_attempt": attempt,
        "path": path,
        "event": event,
        "conclusion": conclusion,
        "head_sha": head,
        "head_branch": branch,
        "head_repository": repository(of),
        "created_at": PUSHED,
    }


def finished(  # noqa: PLR0913 - the parts of an event
    head: str,
    *,
    of: str = REPOSITORY,
    conclusion: str = "success",
    event: str = "pull_request",
    title: str = "",
    branch: str = BRANCH,
    attempt: int = 1,
    path: str = PATH,
    to: str = REPOSITORY,
) -> dict[str, Any]:
    """Return the event of a finished run."""
    described = run(
        head, of=of, conclusion=conclusion, event=event, branch=branch, attempt=attempt, path=path
    )
    return {
        "action": "completed",
        "workflow_run": {**described, "display_title": title},
        "repository": _whole(to),
    }


def _this() -> dict[str, Any]:
    return _whole(REPOSITORY)


def _whole(full_name: str) -> dict[str, Any]:
    return {**repository(full_name), "default_branch": "main"}
