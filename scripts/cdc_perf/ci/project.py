"""The inputs of workflow generation: tasks, sessions, and scenarios, as objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invoke import Collection, Task

from cdc_perf.settings.scenarios import Scenarios

# A nox session; it has the same name as its function.
Session = Callable[..., Any]


@dataclass(frozen=True)
class Tasks:
    """The Invoke tasks that the workflows call."""

    perf: "Task[Any]"
    compare: "Task[Any]"
    install: "Task[Any]"
    key: "Task[Any]"
    prune: "Task[Any]"
    publish: "Task[Any]"
    report: "Task[Any]"
    plan: "Task[Any]"
    gate: "Task[Any]"
    judge: "Task[Any]"
    release_check: "Task[Any]"
    release_k6: "Task[Any]"
    release_image: "Task[Any]"
    release_index: "Task[Any]"
    release_assets: "Task[Any]"
    release_notes: "Task[Any]"


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
    """Everything that workflows are generated from.

    Attributes:
        namespace: The collection of all tasks.
        tasks: The tasks that workflows call.
        registry: All sessions, by name.
        sessions: The sessions that workflows run.
        scenarios: All scenarios; their scripts exist.
        pythons: The Python versions of the unit tests; all other jobs use the first.
    """

    namespace: Collection
    tasks: Tasks
    registry: Mapping[str, Session]
    sessions: Sessions
    scenarios: Scenarios
    pythons: tuple[str, ...] = ("3.11", "3.12", "3.13", "3.14")
