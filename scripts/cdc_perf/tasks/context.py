"""What most tasks begin with: the checkout, its pipeline and the stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cdc_perf.lock import exclusive
from cdc_perf.results.crashed_runs import recover
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.choice import AUTO, StackChoice, choose
from cdc_perf.terminal import say
from cdc_perf.tools.cache import Cache


@dataclass(frozen=True)
class Workspace:
    """Where a task takes place."""

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
        """Why that stack, in a sentence."""
        return self.choice.why

    @contextmanager
    def to_itself(self) -> Iterator[None]:
        """Have the checkout to itself, and clear what a run that was killed left.

        Raises:
            StackFailure: Another command has it, or another stack than ours is up in it.
        """
        with exclusive(self.checkout.lock_file):
            self.choice.alone()
            recover(self.checkout.results, say)
            yield


def workspace(stack: str = AUTO) -> Workspace:
    """Read the pipeline of this checkout and choose its stack.

    Raises:
        UsageFailure: pipeline.toml is wrong, or there is no such stack.
    """
    checkout = Checkout.here()
    pipeline = load_pipeline(checkout)
    cache = Cache.of_environment()
    choice = choose(stack, checkout, pipeline, cache)
    return Workspace(checkout, pipeline, cache, choice)
