"""What GitHub's runner tells a job by its environment, and takes from it in files.

https://docs.github.com/en/actions/reference/workflows-and-actions/variables
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from cdc_perf.errors import PublishFailure
from cdc_perf.terminal import show

_WORKFLOW_RUN = "workflow_run"
_SUMMARY_BYTES = 900 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class Owner(msgspec.Struct, frozen=True):
    """Whose a repository is."""

    login: str


class Repository(msgspec.Struct, frozen=True):
    """A repository."""

    full_name: str
    owner: Owner


class WorkflowRun(msgspec.Struct, frozen=True):
    """A run of a workflow, as GitHub's events and its API have it.

    Attributes:
        id: Its number.
        run_attempt: How often it was started.
        event: What started it.
        conclusion: How it ended; null before that.
        head_sha: The commit that it was started for, of a pull request its head.
        head_branch: That commit's branch; null where it is gone.
        head_repository: That branch's repository; null where it is gone.
        display_title: What the run is called; a fork can give it any name.
        path: The workflow's file, from the repository's root; GitHub may add `@` and a ref. Unlike
            the workflow's name, no second file can have it.
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

    @property
    def workflow_path(self) -> str:
        """The path of the workflow's file, without a ref."""
        return self.path.partition("@")[0]


class _Event(msgspec.Struct, frozen=True):
    workflow_run: WorkflowRun


def finished_run(environment: Mapping[str, str]) -> WorkflowRun:
    """Return the workflow run whose end started this one.

    Raises:
        PublishFailure: None did.
    """
    if environment.get("GITHUB_EVENT_NAME") != _WORKFLOW_RUN:
        raise PublishFailure(
            "a pull request is judged at the end of its workflow run, and no run ended",
            hint="performance-comment.yml does it; `inv publish RUN` writes a summary",
        )
    path = Path(environment.get("GITHUB_EVENT_PATH", ""))
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Event).workflow_run
    except (OSError, msgspec.DecodeError) as error:
        raise PublishFailure(f"the event in GITHUB_EVENT_PATH cannot be read: {error}") from None


def repository(environment: Mapping[str, str]) -> str:
    """Return `owner/name` of the repository that this runs for.

    Raises:
        PublishFailure: GITHUB_REPOSITORY does not say.
    """
    name = environment.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(name):
        raise PublishFailure("GITHUB_REPOSITORY names no repository", hint="write it: owner/name")
    return name


def write_outputs(environment: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Hand outputs, a line each, to the jobs after this one; elsewhere than on a runner print them.

    Raises:
        PublishFailure: The runner's file cannot be written to.
    """
    lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
    if not _append(environment.get("GITHUB_OUTPUT", ""), lines):
        show(lines, end="")


def write_summary(environment: Mapping[str, str], markdown: str) -> bool:
    """Add to the job's summary; False elsewhere than on a runner.

    Raises:
        PublishFailure: The runner's file cannot be written to.
    """
    text = cut(markdown, _SUMMARY_BYTES)
    return _append(environment.get("GITHUB_STEP_SUMMARY", ""), f"{text}\n")


def cut(markdown: str, most_bytes: int) -> str:
    """Return what fits of a text, by whole lines: no line leaves a code span open."""
    if len(markdown.encode()) <= most_bytes:
        return markdown
    note = "\n\nToo long to be shown whole: the results hold the rest.\n"
    head = markdown.encode()[: most_bytes - len(note.encode())].decode(errors="ignore")
    return head[: head.rfind("\n") + 1].rstrip("\n") + note


def _append(path: str, text: str) -> bool:
    if not path:
        return False
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise PublishFailure(f"{path} cannot be written to: {error.strerror}") from None
    return True
