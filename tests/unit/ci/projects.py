"""A project of a few tasks, sessions and scenarios, to make workflows from."""

from collections.abc import Callable
from typing import Any

import invoke
from invoke import Collection, Context, Task

from cdc_perf.ci.project import CiProject, Sessions, Tasks
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios


def task(body: Callable[..., None]) -> "Task[Any]":
    """Return Invoke's task of it, under its type."""
    made = invoke.task(body)
    assert isinstance(made, Task)
    return made


@task
def perf(
    _: Context,
    scenarios: str = "",
    duration: str = "",
    stack: str = "",
    env: str = "",
    keep: bool = False,  # noqa: FBT001, FBT002 - a flag
    yes: bool = False,  # noqa: FBT001, FBT002 - a flag
) -> None:
    pass


@task
def compare(_: Context, base: str, head: str, minutes: int = 0) -> None:
    pass


@task
def install(_: Context, stack: str = "") -> None:
    pass


@task
def key(_: Context, stack: str = "") -> None:
    pass


@task
def prune(_: Context, stack: str = "") -> None:
    pass


@task
def publish(_: Context, run: str) -> None:
    pass


@task
def report(_: Context, run: str, summary: str = "") -> None:
    pass


@task
def plan(
    _: Context,
    scenarios: str = "",
    duration: str = "",
    stack: str = "",
    minutes: str = "",
    paths: str = "",
) -> None:
    pass


@task
def gate(_: Context, results: str) -> None:
    pass


@task
def judge(
    _: Context,
    scenarios: str = "",
    stack: str = "",
    env: str = "",
    minutes: str = "",
    paths: str = "",
) -> None:
    pass


@task
def check(_: Context, tag: str) -> None:
    pass


@task
def k6(_: Context, tag: str, repository: str, output: str = "dist") -> None:
    pass


@task
def image(_: Context, name: str, repository: str, output: str = "dist") -> None:
    pass


@task
def index(_: Context, tag: str, repository: str, output: str = "dist") -> None:
    pass


@task
def assets(_: Context, output: str = "dist") -> None:
    pass


@task
def notes(_: Context, tag: str) -> None:
    pass


def lint() -> None:
    pass


def typecheck() -> None:
    pass


def tests() -> None:
    pass


def workflow() -> None:
    pass


def compose_tests() -> None:
    pass


def project(*left_out: "Task[Any]", registry: tuple[str, ...] = ()) -> CiProject:
    """Return the project; tasks that are left out are not in its collection."""
    every: tuple[Task[Any], ...] = (perf, compare, publish, report)
    namespace = Collection(*(x for x in every if x not in left_out))
    namespace.add_collection(Collection(plan, gate, judge), name="ci")
    namespace.add_collection(Collection(install, key, prune), name="tools")
    releasing = Collection(check, k6, image, index, assets, notes)
    namespace.add_collection(releasing, name="release")
    sessions = {x.__name__: x for x in (lint, typecheck, tests, workflow, compose_tests)}
    return CiProject(
        namespace=namespace,
        tasks=Tasks(
            perf=perf,
            compare=compare,
            install=install,
            key=key,
            prune=prune,
            publish=publish,
            report=report,
            plan=plan,
            gate=gate,
            judge=judge,
            release_check=check,
            release_k6=k6,
            release_image=image,
            release_index=index,
            release_assets=assets,
            release_notes=notes,
        ),
        registry={name: x for name, x in sessions.items() if not registry or name in registry},
        sessions=Sessions(lint, typecheck, tests, workflow, compose_tests),
        scenarios=load_scenarios(Checkout.here()),
    )
