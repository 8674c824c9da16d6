"""Which backend runs the pipeline."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from scripts.errors import StackFailure, UsageFailure
from scripts.settings.names import nearest
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack.backend import Backend
from scripts.stack.endpoints import Endpoints
from scripts.stack.local.embedded import local_stack
from scripts.tools.cache import Cache

AUTO = "auto"
LOCAL, COMPOSE = "local", "compose"


class Engine(Protocol):
    """A Docker engine; in words, what it is."""

    def __str__(self) -> str:
        """Return its versions."""


def _find_engine() -> Engine:
    from scripts.stack.compose.engine import find_engine  # noqa: PLC0415 - see _compose_stack

    return find_engine(os.environ)


@dataclass(frozen=True)
class Choice:
    """A backend, and in a sentence why it was taken."""

    backend: Backend
    why: str


def _local_stack(checkout: Checkout, pipeline: Pipeline, cache: Cache) -> Backend:
    return local_stack(checkout, pipeline, cache)


def _compose_stack(checkout: Checkout, pipeline: Pipeline, _: Cache) -> Backend:
    # Its SDK takes a tenth of a second to import: not before it is needed.
    from scripts.stack.compose.backend import ComposeStack  # noqa: PLC0415
    from scripts.stack.compose.engine import find_engine  # noqa: PLC0415

    return ComposeStack(checkout, pipeline, lambda: find_engine(os.environ))


_BACKENDS: Mapping[str, Callable[[Checkout, Pipeline, Cache], Backend]] = {
    LOCAL: _local_stack,
    COMPOSE: _compose_stack,
}


def choose(
    name: str,
    checkout: Checkout,
    pipeline: Pipeline,
    cache: Cache,
    find_engine: Callable[[], Engine] = _find_engine,
) -> Choice:
    """Return the backend of that name; `auto` takes the one that is up, else what fits the machine.

    That is compose where a Docker engine with Compose v2 answers, else local.

    Args:
        name: As `--stack` takes it.
        checkout: Whose stack.
        pipeline: What it runs.
        cache: Where the tools of the embedded stack are.
        find_engine: Returns the Docker engine of this machine; raises StackFailure without one.

    Raises:
        UsageFailure: There is no such backend.
        StackFailure: The other one is up in this checkout.
    """
    if name != AUTO and name not in _BACKENDS:
        raise UsageFailure(f"--stack: unknown stack {name!r}; {nearest(name, (AUTO, *_BACKENDS))}")

    def backend(taken: str) -> Backend:
        return _BACKENDS[taken](checkout, pipeline, cache)

    recorded = Endpoints.stack_in(checkout.endpoints_file)
    up = backend(recorded) if recorded in _BACKENDS else None
    if up is not None and up.endpoints() is None:
        up = None
    if name == AUTO:
        if up is not None:
            return Choice(up, f"stack: {up.name}, which is up")
        try:
            return Choice(backend(COMPOSE), f"stack: compose, for there is {find_engine()}")
        except StackFailure as failure:
            return Choice(backend(LOCAL), f"stack: local, for {failure.message}")
    if up is not None and up.name != name:
        raise StackFailure(
            f"the {up.name} stack of this checkout is up",
            hint=f"stop it (inv down --stack {up.name}), or use it: leave out --stack",
        )
    return Choice(up or backend(name), f"stack: {name}, as asked for")


def running_endpoints(backend: Backend) -> Endpoints:
    """Return the addresses of a stack that is up.

    Raises:
        StackFailure: It is not.
    """
    endpoints = backend.endpoints()
    if endpoints is None:
        raise StackFailure("no stack is up", hint="start one: inv up")
    return endpoints
