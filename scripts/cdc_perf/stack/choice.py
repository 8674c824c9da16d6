"""The choice of the backend that runs the pipeline."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.backend import ExternalStack
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.catalogue import catalogue
from cdc_perf.tools.install import install_all
from cdc_perf.tools.jars import plugin_tools

AUTO = "auto"
LOCAL, COMPOSE, EXTERNAL = "local", "compose", "external"


class FoundEngine(Protocol):
    """A Docker engine whose text names its versions."""

    def __str__(self) -> str:
        """Return the versions."""


def _find_engine() -> FoundEngine:
    from cdc_perf.stack.compose.engine import find_engine  # noqa: PLC0415 - see _compose_stack

    return find_engine(os.environ)


@dataclass(frozen=True)
class StackChoice:
    """The chosen backend.

    Attributes:
        backend: The backend.
        why: The reason, as a sentence.
        other: Name of another stack of the checkout that is up; empty if there is none.
    """

    backend: Backend
    why: str
    other: str = ""

    def ensure_only_stack(self) -> None:
        """Raise StackFailure if another stack of the checkout is up.

        Raises:
            StackFailure: Another stack is up.
        """
        if self.other:
            raise StackFailure(
                f"the {self.other} stack of this checkout is up",
                hint=f"stop it ({COMMAND} down --stack {self.other}), or omit --stack to use it",
            )


def _local_stack(checkout: Checkout, pipeline: Pipeline, cache: Cache) -> Backend:
    return local_stack(checkout, pipeline, cache)


def _compose_stack(checkout: Checkout, pipeline: Pipeline, cache: Cache) -> Backend:
    # The Docker SDK takes 0.1 s to import, so import it only when needed.
    from cdc_perf.stack.compose.backend import ComposeStack  # noqa: PLC0415
    from cdc_perf.stack.compose.engine import find_engine  # noqa: PLC0415

    def jmx_agent() -> Path:
        agent = catalogue(checkout.root, cache).jmx_agent
        install_all(cache, (agent,))
        return cache.path(agent)

    def plugin_folders() -> Mapping[str, Path]:
        tools = plugin_tools(checkout, pipeline)
        install_all(cache, tools.values())
        return {name: cache.path(tool) for name, tool in tools.items()}

    return ComposeStack(
        checkout, pipeline, lambda: find_engine(os.environ), jmx_agent, plugin_folders
    )


def _external_stack(checkout: Checkout, pipeline: Pipeline, _: Cache) -> Backend:
    return ExternalStack(pipeline, os.environ, checkout.pipeline)


_BACKENDS: Mapping[str, Callable[[Checkout, Pipeline, Cache], Backend]] = {
    LOCAL: _local_stack,
    COMPOSE: _compose_stack,
    EXTERNAL: _external_stack,
}


def choose(
    name: str,
    checkout: Checkout,
    pipeline: Pipeline,
    cache: Cache,
    find_engine: Callable[[], FoundEngine] = _find_engine,
) -> StackChoice:
    """Return the backend with that name; for `auto`, the running one.

    If none runs, `auto` takes compose if a Docker engine with Compose v2 answers, else local.

    Args:
        name: The value of `--stack`.
        checkout: The checkout that owns the stack.
        pipeline: The pipeline to run.
        cache: The cache with the tools of the embedded stack.
        find_engine: Returns the Docker engine of this machine, or raises StackFailure.

    Raises:
        UsageFailure: There is no such backend.
    """
    if name != AUTO and name not in _BACKENDS:
        raise UsageFailure(f"--stack: unknown stack {name!r}; {nearest(name, (AUTO, *_BACKENDS))}")

    def backend(taken: str) -> Backend:
        return _BACKENDS[taken](checkout, pipeline, cache)

    # A checkout can have one stack up; an external stack belongs to no checkout.
    recorded = Endpoints.stack_in(checkout.endpoints_file)
    up = backend(recorded) if recorded in _BACKENDS else None
    if up is not None and up.endpoints() is None:
        up = None
    if name == AUTO:
        if up is not None:
            return StackChoice(up, f"Using the {up.name} stack: it is already up")
        try:
            return StackChoice(backend(COMPOSE), f"Using the compose stack: found {find_engine()}")
        except StackFailure as failure:
            return StackChoice(backend(LOCAL), f"Using the local stack: {failure.message}")
    if name == EXTERNAL:
        return StackChoice(backend(name), "Using the external stack, as requested")
    other = up.name if up is not None and up.name != name else ""
    return StackChoice(backend(name), f"Using the {name} stack, as requested", other)


def our_endpoints(backend: Backend, action: str) -> Endpoints:
    """Return the addresses of a running stack that the harness may change.

    Raises:
        StackFailure: It is not up, or it is external.
    """
    if backend.name == EXTERNAL:
        raise StackFailure(
            f"cdc-perf does not change an external stack: {action} is up to its operator",
            hint="use its Kafka Connect's REST interface",
        )
    return running_endpoints(backend)


def running_endpoints(backend: Backend) -> Endpoints:
    """Return the addresses of a running stack.

    Raises:
        StackFailure: It is not up.
    """
    endpoints = backend.endpoints()
    if endpoints is None:
        hint = "shows what does not answer" if backend.name == EXTERNAL else "starts one"
        option = " --stack external" if backend.name == EXTERNAL else ""
        raise StackFailure("no stack is up", hint=f"{COMMAND} up{option} {hint}")
    return endpoints
