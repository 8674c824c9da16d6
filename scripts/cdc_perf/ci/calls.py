"""Workflow steps that call a task or a session, checked against its arguments."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoke import Argument, Task
from invoke.parser.context import to_flag

from cdc_perf.ci.model import Run
from cdc_perf.ci.project import CiProject, Session
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.names import nearest


@dataclass(frozen=True)
class Given:
    """A value that is only known when the workflow runs.

    It is passed in a variable because an expression within a script would be code.

    Attributes:
        variable: The variable's name.
        expression: GitHub's expression, including its braces.
    """

    variable: str
    expression: str


Value = str | bool | Given


def task_step(
    project: CiProject,
    name: str,
    task: "Task[Any]",
    /,
    *,
    step_id: str = "",
    variables: Mapping[str, str] | None = None,
    **arguments: Value,
) -> Run:
    """Return a step that calls a task.

    Args:
        project: The project that must contain the task.
        name: The step's name.
        task: The task.
        step_id: The ID of the step, for its outputs.
        variables: Further variables of the step.
        arguments: The arguments of the task, by name.

    Raises:
        UsageFailure: The task is not in the collection, or does not have such an argument.
    """
    called = task_name(project, task)
    known = {str(argument.name): argument for argument in task.get_arguments()}
    # `exec`: a cancelled workflow signals only the step's shell, which does not forward the signal.
    words = ["exec", "inv", called]
    given: dict[str, str] = {}
    for key, value in arguments.items():
        if key not in known:
            raise UsageFailure(
                f"workflow: step {name!r}: inv {called} has no argument {key!r}; "
                f"{nearest(key, known)}"
            )
        words += _words(f"step {name!r}: inv {called}", key, known[key], value)
        if isinstance(value, Given):
            given[value.variable] = value.expression
    return Run(name, " ".join(words), {**given, **(variables or {})}, step_id)


def session_step(project: CiProject, name: str, session: Session, *posargs: str) -> Run:
    """Return a step that runs a nox session in the current Python environment.

    Raises:
        UsageFailure: There is no such session.
    """
    for called, registered in project.registry.items():
        if registered is session:
            words = ["nox", "--force-venv-backend", "none", "--session", called]
            return Run(name, shlex.join([*words, *(("--", *posargs) if posargs else ())]))
    raise UsageFailure(
        f"workflow: step {name!r}: noxfile.py has no session {session.__name__!r}; "
        f"{nearest(session.__name__, project.registry)}"
    )


def task_name(project: CiProject, task: "Task[Any]") -> str:
    """Return the name that a user calls a task by: `ci.plan`.

    Raises:
        UsageFailure: The task is not in the collection.
    """
    names = [str(name) for name in project.namespace.task_names]
    for name in names:
        if project.namespace[name] is task:
            return name
    raise UsageFailure(
        f"workflow: the collection of tasks.py has no task {task.name!r}; "
        f"{nearest(task.name, names)}",
        hint="add it there, or remove its step from scripts/cdc_perf/ci/",
    )


def _words(where: str, key: str, argument: Argument, value: Value) -> list[str]:
    flag = to_flag(key)
    if argument.kind is bool:
        if not isinstance(value, bool):
            raise UsageFailure(f"workflow: {where}: {flag} takes no value")
        return [flag] if value else []
    if isinstance(value, bool):
        raise UsageFailure(f"workflow: {where}: {flag} needs a value")
    text = f'"${value.variable}"' if isinstance(value, Given) else shlex.quote(value)
    return [text] if argument.positional else [flag, text]
