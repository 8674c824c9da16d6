"""What a fault is injected into."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.control import Control
from cdc_perf.stack.endpoints import Endpoints


@dataclass(frozen=True)
class FaultContext:
    """A pipeline under load.

    Attributes:
        pipeline: The pipeline.
        endpoints: The addresses of its components.
        components: Breaks its components; None if they belong to others.
    """

    pipeline: Pipeline
    endpoints: Endpoints
    components: Control | None

    @property
    def control(self) -> Control:
        """What breaks the components.

        Raises:
            StackFailure: They belong to others.
        """
        if self.components is None:
            raise StackFailure("the components belong to others")
        return self.components


# Injects a fault, yields the proof that it happened, and ends it when the block ends. Raises
# StackFailure if it did not happen or cannot be ended.
Inject = Callable[[FaultContext], AbstractContextManager[str]]
