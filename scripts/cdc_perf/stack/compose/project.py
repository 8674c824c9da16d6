"""The Compose project of one pipeline; other pipelines and checkouts have other projects."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.compose.cli import Compose
from cdc_perf.stack.compose.containers import Containers
from cdc_perf.stack.compose.engine import DockerEngine
from cdc_perf.stack.compose.events import Listener
from cdc_perf.stack.compose.statistics import ContainerStats


def project_name(checkout: Checkout) -> str:
    """Return the name of a pipeline's project; that of the sample depends on the checkout."""
    # The folder whose state it is.
    digest = hashlib.sha256(str(checkout.stack.parent).encode()).hexdigest()[:8]
    return f"cdc-perf-{digest}"


class ComposeProject:
    """A project in the engine, which is searched for at the first access.

    Every property raises StackFailure if there is no engine.
    """

    def __init__(
        self, checkout: Checkout, pipeline: Pipeline, find_engine: Callable[[], DockerEngine]
    ) -> None:
        self._root = checkout.root
        self._folder = checkout.pipeline
        self._user = pipeline.postgres.user
        self._find_engine = find_engine
        self.name = project_name(checkout)

    @cached_property
    def engine(self) -> DockerEngine:
        """The engine of this machine."""
        return self._find_engine()

    @cached_property
    def containers(self) -> Containers:
        """The project's containers."""
        return Containers(self.engine.client, self.name)

    @cached_property
    def statistics(self) -> ContainerStats:
        """The usage of its containers."""
        return ContainerStats(self.engine.client)

    @cached_property
    def listener(self) -> Listener:
        """The events of its containers, from the first access on."""
        return Listener(self.engine.client, self.name)

    def compose(self, variables: Mapping[str, str]) -> Compose:
        """Return the Compose command, with variables of docker-compose.yml."""
        return Compose(
            self._root,
            self.name,
            {"POSTGRES_USER": self._user, "PIPELINE": str(self._folder), **variables},
        )
