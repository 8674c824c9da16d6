"""The parts of a GitHub workflow that are used here, as frozen values.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cdc_perf.ci.pins import Action

Scalar = str | int | bool


def expression(inner: str) -> str:
    """Return a GitHub expression; the one place that writes its braces."""
    return f"${{{{ {inner} }}}}"


# Repository variables that name a runner of one's own; in a fork they are empty, and then each job
# has a fresh machine of GitHub's. The first two run the code of pull requests: what measures has
# one to itself. Jobs whose token can write have the third, which never runs such code.
PERF_RUNNER = expression("vars.PERF_RUNNER || 'ubuntu-latest'")
CI_RUNNER = expression("vars.CI_RUNNER || 'ubuntu-latest'")
TRUSTED_RUNNER = expression("vars.TRUSTED_RUNNER || 'ubuntu-latest'")


class Level(StrEnum):
    """How far a permission goes."""

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
        name: For people.
        action: Which one.
        inputs: Its `with`.
        condition: Its `if`; empty: when nothing has failed.
        id: What its outputs are found by.
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
        name: For people.
        command: One line of shell; what is not known before the run comes in by `env`.
        env: Variables of the step.
        id: What its outputs are found by.
        condition: Its `if`; empty: when nothing has failed.
    """

    name: str
    command: str
    env: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    condition: str = ""


Step = Uses | Run


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        name: For people; what a required check is called.
        timeout_minutes: After so many the job is cancelled; an expression where a matrix says.
        steps: What it does.
        permissions: Of its token; none but these.
        needs: The jobs before it.
        condition: Its `if`; empty: when those before it succeeded.
        outputs: What later jobs may ask for.
        matrix: The variables of its copies, or an expression.
        env: Variables of all its steps.
        runner: The label of the machine that it runs on.
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
class ChoiceInput:
    """An input of a workflow that is started by hand: one of several words."""

    description: str
    options: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Text:
    """An input of a workflow that is started by hand: free, and may be left out."""

    description: str


@dataclass(frozen=True)
class Triggers:
    """What starts a workflow.

    Attributes:
        inputs: Of a start by hand; None: it cannot be.
        cron: The schedule, UTC; empty: none.
        pull_request: Whether a pull request does.
        merge_queue: Whether a group of the merge queue does, whose required checks must start.
        push_to: The branches a push to which does.
        after: The name of the workflow whose end does; empty: none.
    """

    inputs: Mapping[str, ChoiceInput | Text] | None = None
    cron: str = ""
    pull_request: bool = False
    merge_queue: bool = False
    push_to: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True)
class Workflow:
    """One workflow file.

    Attributes:
        name: For people, and for a workflow that waits for its end.
        triggers: What starts it.
        group: Runs of the same group do not overlap.
        run_name: What a run is called, an expression; empty: GitHub's own name.
        cancel: An expression or a fact: whether a new run of the group ends the one before.
        jobs: By their ids, in order.
        remark: A comment beside the triggers; empty: none.
    """

    name: str
    triggers: Triggers
    group: str
    cancel: bool | str
    jobs: Mapping[str, Job]
    remark: str = ""
    run_name: str = ""
