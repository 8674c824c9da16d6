"""The used parts of GitHub's workflow syntax, as frozen values.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cdc_perf.ci.pins import Action

Scalar = str | int | bool


def expression(inner: str) -> str:
    """Return a GitHub expression; only this function writes its braces."""
    return f"${{{{ {inner} }}}}"


# Repository variables that name self-hosted runners; in a fork they are empty, and each job gets a
# fresh machine of GitHub's. The first two run the code of pull requests; a measurement has its
# machine to itself. Jobs whose token can write use the third, which never runs such code.
PERF_RUNNER = expression("vars.PERF_RUNNER || 'ubuntu-latest'")
CI_RUNNER = expression("vars.CI_RUNNER || 'ubuntu-latest'")
TRUSTED_RUNNER = expression("vars.TRUSTED_RUNNER || 'ubuntu-latest'")
TRUSTED_ARM_RUNNER = expression("vars.TRUSTED_ARM_RUNNER || 'ubuntu-24.04-arm'")


class Level(StrEnum):
    """The level of a permission."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class Permission:
    """One permission of a job's token, and why the job needs it."""

    scope: str
    level: Level
    reason: str


@dataclass(frozen=True)
class Uses:
    """A step that runs an action.

    Attributes:
        name: The displayed name.
        action: The action.
        inputs: Its `with`.
        condition: Its `if`; empty: run if nothing has failed.
        id: The ID of the step, for its outputs.
    """

    name: str
    action: Action
    inputs: Mapping[str, Scalar] = field(default_factory=dict)
    condition: str = ""
    id: str = ""


@dataclass(frozen=True)
class Run:
    """A step that runs a command.

    Attributes:
        name: The displayed name.
        command: One line of shell; values that are unknown before the run come from `env`.
        env: Variables of the step.
        id: The ID of the step, for its outputs.
        condition: Its `if`; empty: run if nothing has failed.
        folder: Where it runs; empty: in the folder of the workflow.
    """

    name: str
    command: str
    env: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    condition: str = ""
    folder: str = ""


Step = Uses | Run


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        name: The displayed name, which is also the name of a required check.
        timeout_minutes: GitHub cancels the job after this time; may be an expression of a matrix.
        steps: Its steps.
        permissions: The permissions of its token; it has no others.
        needs: The jobs that must end before it.
        condition: Its `if`; empty: run if the needed jobs succeeded.
        outputs: Its outputs for later jobs.
        matrix: The variables of its copies, or an expression.
        env: Variables of all its steps.
        runner: The label of its runner.
    """

    name: str
    timeout_minutes: int | str
    steps: tuple[Step, ...]
    permissions: tuple[Permission, ...]
    needs: tuple[str, ...] = ()
    condition: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    matrix: Mapping[str, tuple[str, ...]] | str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    runner: str = CI_RUNNER


@dataclass(frozen=True)
class CallingJob:
    """A job that calls a workflow, whose jobs it has in its place.

    Attributes:
        name: The displayed name, before those of the called jobs: `Performance / Gate`.
        workflow: The called file: `./.github/workflows/run.yml`, or `owner/name/PATH@SHA`.
        remark: A comment next to it, such as the version of the commit, which update bots follow.
        inputs: Its `with`.
        secrets: The secrets it passes, by name.
        permissions: The most that the called jobs can have.
    """

    name: str
    workflow: str
    remark: str
    inputs: Mapping[str, Scalar]
    secrets: Mapping[str, str]
    permissions: tuple[Permission, ...]


@dataclass(frozen=True)
class ChoiceInput:
    """An input of a manually started workflow: one of several words."""

    description: str
    options: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Text:
    """An input of a manually started workflow: optional free text."""

    description: str


@dataclass(frozen=True)
class CallInput:
    """An input of a called workflow: text.

    Attributes:
        description: What it is.
        default: Its value if the caller gives none; None: the caller must give one.
    """

    description: str
    default: str | None


@dataclass(frozen=True)
class Call:
    """What a workflow takes from the workflow that calls it.

    Attributes:
        inputs: Its inputs.
        secrets: Its secrets, none of them required, with their descriptions.
    """

    inputs: Mapping[str, CallInput]
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Triggers:
    """The triggers of a workflow.

    Attributes:
        call: What it takes from a calling workflow; None: none can call it.
        inputs: The inputs of a manual start; None: it cannot be started manually.
        cron: The schedule, UTC; empty: none.
        pull_request: Whether pull requests start it.
        merge_queue: Whether merge groups start it; the queue waits for its required checks.
        push_to: The branches that start it when they are pushed to.
        tags: The pattern of the tags that start it when they are pushed; empty: none.
        after: The name of the workflow whose end starts it; empty: none.
        labels: Whether a label that is added to or removed from a pull request starts it, from the
            default branch, also for a fork.
    """

    call: Call | None = None
    inputs: Mapping[str, ChoiceInput | Text] | None = None
    cron: str = ""
    pull_request: bool = False
    merge_queue: bool = False
    push_to: tuple[str, ...] = ()
    tags: str = ""
    after: str = ""
    labels: bool = False


@dataclass(frozen=True)
class Workflow:
    """One workflow file.

    Attributes:
        name: The displayed name, which other workflows can wait for.
        triggers: Its triggers.
        jobs: The jobs by ID, in order.
        group: The concurrency group: its runs do not overlap; empty: the caller has one.
        run_name: The name of a run, an expression; empty: GitHub's default.
        cancel: Whether a new run of the group cancels the previous one; may be an expression.
        remark: A comment next to the triggers; empty: none.
        folder: Where commands run; empty: in the workspace.
    """

    name: str
    triggers: Triggers
    jobs: Mapping[str, Job | CallingJob]
    group: str = ""
    cancel: bool | str = False
    remark: str = ""
    run_name: str = ""
    folder: str = ""
