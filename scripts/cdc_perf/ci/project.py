"""What the workflows are made from: tasks, sessions and scenarios, as objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invoke import Collection, Task

from cdc_perf.settings.scenarios import Scenarios

# A nox session; the function that one is made of has the same name.
Session = Callable[..., Any]


@dataclass(frozen=True)
class Tasks:
    """The Invoke tasks that the workflows call."""

    perf: "Task[Any]"
    install: "Task[Any]"
    key: "Task[Any]"
    prune: "Task[Any]"
    publish: "Task[Any]"
    report: "Task[Any]"
    plan: "Task[Any]"
    gate: "Task[Any]"
    judge: "Task[Any]"


@dataclass(frozen=True)
class Sessions:
    """The nox sessions that the workflows run."""

    lint: Session
    typecheck: Session
    tests: Session
    workflow: Session
    compose_tests: Session


@dataclass(frozen=True)
class CiProject:
    """The whole of it.

    Attributes:
        namespace: The collection in which a user finds the tasks.
        tasks: The tasks that are called.
        registry: The sessions by the names by which a user finds them.
        sessions: The sessions that are run.
        scenarios: Every scenario, its script there.
        pythons: The versions of Python that unit tests run on; the first runs all else.
        stack: The stack that is loaded, as `inv perf --stack` takes it: `compose`, for GitHub's
            runners have Docker and its images are upstream's; `local` needs neither.
    """

    namespace: Collection
    tasks: Tasks
    registry: Mapping[str, Session]
    sessions: Sessions
    scenarios: Scenarios
    pythons: tuple[str, ...] = ("3.11", "3.12", "3.13", "3.14")
    stack: str = "compose"
