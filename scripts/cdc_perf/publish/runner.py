"""GitHub's runner: the environment of a job, and the files that the runner reads.

https://docs.github.com/en/actions/reference/workflows-and-actions/variables
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from cdc_perf.errors import PublishFailure
from cdc_perf.installation import COMMAND
from cdc_perf.terminal import show

_WORKFLOW_RUN, _LABEL = "workflow_run", "pull_request_target"
T = TypeVar("T")

_SUMMARY_BYTES = 900 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class Account(msgspec.Struct, frozen=True):
    """A person or an organization."""

    login: str


class Commit(msgspec.Struct, frozen=True):
    """A commit, where GitHub only names it."""

    sha: str


class Repository(msgspec.Struct, frozen=True):
    """A repository."""

    full_name: str
    owner: Account


class WorkflowRun(msgspec.Struct, frozen=True):
    """A run of a workflow, in GitHub's events and API.

    Attributes:
        id: Its number.
        run_attempt: The number of the attempt.
        event: The event that started it.
        conclusion: Its conclusion; null before it ended.
        head_sha: The commit that it was started for; for a pull request, the head.
        head_branch: The branch of that commit; null if it was deleted.
        head_repository: The repository of that branch; null if it was deleted.
        display_title: The run's name; a fork can choose it.
        created_at: When it was created; it keeps this time if it is started again. If unknown, the
            end of time: no label is newer.
        path: The workflow's file, relative to the repository; GitHub may add `@` and a ref. Unlike
            the workflow's name, it is unique.
    """

    id: int
    run_attempt: int
    event: str
    conclusion: str | None
    head_sha: str
    head_branch: str | None
    head_repository: Repository | None
    display_title: str = ""
    path: str = ""
    created_at: datetime = datetime.max.replace(tzinfo=UTC)

    @property
    def workflow_path(self) -> str:
        """The path of the workflow's file, without a ref."""
        return self.path.partition("@")[0]


class _Event(msgspec.Struct, frozen=True):
    workflow_run: WorkflowRun


class LabeledPullRequest(msgspec.Struct, frozen=True):
    """A pull request whose label changed, as it was then."""

    number: int
    head: Commit


class _LabelEvent(msgspec.Struct, frozen=True):
    pull_request: LabeledPullRequest


def finished_run(environment: Mapping[str, str]) -> WorkflowRun:
    """Return the workflow run whose end started this one.

    Raises:
        PublishFailure: This run was not started by the end of another.
    """
    if environment.get("GITHUB_EVENT_NAME") != _WORKFLOW_RUN:
        raise PublishFailure(
            "this command runs at the end of a pull request's workflow run, and no such run ended",
            hint=f"performance-comment.yml runs it; to write a summary: {COMMAND} publish RUN",
        )
    return _event(environment, _Event).workflow_run


def started_by(environment: Mapping[str, str]) -> WorkflowRun | LabeledPullRequest:
    """Return what started this run: the end of another, or a changed label of a pull request.

    Raises:
        PublishFailure: Something else started it.
    """
    if environment.get("GITHUB_EVENT_NAME") == _LABEL:
        return _event(environment, _LabelEvent).pull_request
    return finished_run(environment)


def _event(environment: Mapping[str, str], kind: type[T]) -> T:
    path = Path(environment.get("GITHUB_EVENT_PATH", ""))
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise PublishFailure(f"the event in GITHUB_EVENT_PATH cannot be read: {error}") from None


def repository(environment: Mapping[str, str]) -> str:
    """Return `owner/name` of this job's repository.

    Raises:
        PublishFailure: GITHUB_REPOSITORY is not set or malformed.
    """
    name = environment.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(name):
        raise PublishFailure(
            "GITHUB_REPOSITORY has no repository name", hint="use the form owner/name"
        )
    return name


def write_outputs(environment: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Write outputs for later jobs, one per line; print them if not on a runner.

    Raises:
        PublishFailure: The runner's file is not writable.
    """
    lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
    if not _append(environment.get("GITHUB_OUTPUT", ""), lines):
        show(lines, end="")


def write_summary(environment: Mapping[str, str], markdown: str) -> bool:
    """Add to the job's summary; return False if not on a runner.

    Raises:
        PublishFailure: The runner's file is not writable.
    """
    text = cut(markdown, _SUMMARY_BYTES)
    return _append(environment.get("GITHUB_STEP_SUMMARY", ""), f"{text}\n")


def cut(markdown: str, most_bytes: int) -> str:
    """Truncate a text at a line end, so that no code span stays open."""
    if len(markdown.encode()) <= most_bytes:
        return markdown
    note = "\n\nToo long to show in full: the results contain the rest.\n"
    head = markdown.encode()[: most_bytes - len(note.encode())].decode(errors="ignore")
    return head[: head.rfind("\n") + 1].rstrip("\n") + note


def _append(path: str, text: str) -> bool:
    if not path:
        return False
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise PublishFailure(f"{path} cannot be written: {error.strerror}") from None
    return True
