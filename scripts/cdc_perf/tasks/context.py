"""What most tasks need: the checkout, its pipeline, and the stack."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cdc_perf.lock import exclusive
from cdc_perf.results.crashed_runs import recover
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.choice import AUTO, EXTERNAL, StackChoice, choose
from cdc_perf.stack.external.addresses import addresses
from cdc_perf.stack.external.canary import with_canary
from cdc_perf.tasks.consent import ask_before_writing
from cdc_perf.tools.cache import Cache


@dataclass(frozen=True)
class Workspace:
    """The checkout, pipeline, tool cache, and stack of a task."""

    checkout: Checkout
    pipeline: Pipeline
    cache: Cache
    choice: StackChoice

    @property
    def backend(self) -> Backend:
        """The stack."""
        return self.choice.backend

    @property
    def why(self) -> str:
        """The reason for that stack, as a sentence."""
        return self.choice.why

    def ask(self, *, yes: bool) -> None:
        """Ask before a canary row is written to an external stack.

        Args:
            yes: Whether the user has confirmed already.

        Raises:
            UsageFailure: The answer is not yes.
        """
        if self.backend.name != EXTERNAL or yes:
            return
        endpoints = addresses(self.pipeline, os.environ, self.checkout.pipeline)
        ask_before_writing(self.pipeline, with_canary(self.pipeline, endpoints))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the checkout, and clean up after a run that was killed.

        Raises:
            StackFailure: Another command has the lock, or another stack of the checkout is up.
        """
        with exclusive(self.checkout.lock_file):
            self.choice.ensure_only_stack()
            recover(self.checkout.results)
            yield


def workspace(stack: str = AUTO) -> Workspace:
    """Read this checkout's pipeline and choose its stack.

    Raises:
        UsageFailure: pipeline.toml is invalid, or there is no such stack.
    """
    checkout = Checkout.here()
    pipeline = load_pipeline(checkout)
    cache = Cache.of_environment()
    choice = choose(stack, checkout, pipeline, cache)
    return Workspace(checkout, pipeline, cache, choice)
