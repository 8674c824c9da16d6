"""Which backend runs the pipeline."""

from dataclasses import dataclass

from scripts.errors import StackFailure, UsageFailure
from scripts.settings.names import nearest
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack.backend import Backend
from scripts.stack.endpoints import Endpoints
from scripts.stack.local.embedded import local_stack
from scripts.tools.cache import Cache

AUTO = "auto"
_BACKENDS = {"local": local_stack}


@dataclass(frozen=True)
class Choice:
    """A backend, and in a sentence why it was taken."""

    backend: Backend
    why: str


def choose(name: str, checkout: Checkout, pipeline: Pipeline, cache: Cache) -> Choice:
    """Return the backend of that name; `auto` takes the one that fits this machine.

    Raises:
        UsageFailure: There is no such backend.
    """
    if name != AUTO and name not in _BACKENDS:
        raise UsageFailure(f"--stack: unknown stack {name!r}; {nearest(name, (AUTO, *_BACKENDS))}")
    taken = "local" if name == AUTO else name
    why = "the only one there is so far" if name == AUTO else "as asked for"
    return Choice(_BACKENDS[taken](checkout, pipeline, cache), f"stack: {taken}, {why}")


def running_endpoints(backend: Backend) -> Endpoints:
    """Return the addresses of a stack that is up.

    Raises:
        StackFailure: It is not.
    """
    endpoints = backend.endpoints()
    if endpoints is None:
        raise StackFailure("no stack is up", hint="start one: inv up")
    return endpoints
