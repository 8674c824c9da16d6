"""The start of the compose stack."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import msgspec

from cdc_perf.errors import StackFailure
from cdc_perf.installation import IS_INSTALLED
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import readiness
from cdc_perf.stack.component_specs import COMPONENTS, PIPELINE, components_of, start_order
from cdc_perf.stack.compose import observe as observers
from cdc_perf.stack.compose import plugins, ports
from cdc_perf.stack.compose.cli import Compose
from cdc_perf.stack.compose.containers import SERVICES
from cdc_perf.stack.compose.project import ComposeProject
from cdc_perf.stack.compose.watch import LAST_LINES, lines_of
from cdc_perf.stack.endpoints import Endpoints, on_loopback
from cdc_perf.stack.start import make_pipeline
from cdc_perf.tools.released import LOCK_FILE, Release
from cdc_perf.waiting import NotReady, wait_until

_log = logging.getLogger(__name__)
NAME = "compose"
# With this many restarts by the engine, a component counts as unable to start.
_MOST_RESTARTS = 3
# The addresses of the servers in the project's network, by the kind of the sink that they are.
_IN_NETWORK: Mapping[str, str] = {"postgres": "postgres:5432", "mongodb": "mongodb:27017"}


@dataclass(frozen=True)
class ComposeStarter:
    """Starts the containers of one checkout's project.

    Attributes:
        checkout: The checkout.
        pipeline: The pipeline.
        project: The project.
        jmx_agent: Installs the JMX agent, and returns its folder.
        plugin_folders: Installs the worker's plugins, and returns their folders by name.
    """

    deadline_seconds: ClassVar = 120.0
    interval_seconds: ClassVar = 0.1

    checkout: Checkout
    pipeline: Pipeline
    project: ComposeProject
    jmx_agent: Callable[[], Path]
    plugin_folders: Callable[[], Mapping[str, Path]]

    def announce(self) -> None:
        """Report the engine, and what an earlier start left."""
        _log.info(f"{self.project.engine}, project {self.project.name}")
        left = self.project.containers.leftovers()
        if left:
            _log.info(f"an earlier start left {' and '.join(left)}: removing them")

    def stopped(self) -> tuple[str, ...]:
        """Return the components whose containers were stopped or paused."""
        found = self.project.containers.all()
        return tuple(x for x in COMPONENTS if x in found and found[x].state == "stopped")

    def log(self, name: str) -> Path:
        """Return the file that keeps a component's log after its container is removed."""
        return self.checkout.stack / "logs" / f"{name}.log"

    def last_lines(self, name: str) -> tuple[str, ...]:
        """Return the last lines of a component's log, if the engine has them."""
        try:
            return lines_of(self.project.containers.logs(lines=LAST_LINES).get(name, b""))
        except StackFailure:
            return ()

    def ended(self, name: str) -> str:
        """Return the remedy if a component's container does not stay up; else an empty string."""
        container = self.project.containers.all().get(name)
        if container is None:
            raise NotReady("it has no container")
        stays = container.state != "stopped" and container.restarts < _MOST_RESTARTS
        return "" if stays else f"docker logs {container.name}"

    def start_again(self, name: str) -> None:
        """Start a component's container again."""
        self.project.containers.start(SERVICES[name])

    def start(self, *, observe: bool, proxied: bool) -> Endpoints:  # noqa: ARG002 - it has no Toxiproxy
        """Get the images, start the containers, and make them a pipeline."""
        pipeline = self.pipeline
        components = components_of(pipeline)
        chosen = ports.choose(os.environ)
        observing = observers.variables(self.jmx_agent(), os.environ) if observe else {}
        published = {ports.VARIABLES[name]: str(port) for name, port in chosen.items()}
        loading = plugins.variables(self.plugin_folders(), plugins.folder_of(self.checkout))
        compose = self.project.compose({**published, **loading, **observing})
        absent = {spec.service for spec in PIPELINE if spec not in components}
        images = {name: image for name, image in compose.images().items() if name not in absent}
        self._get_images(compose, images)
        # Services of profiles that the user selected (COMPOSE_PROFILES), such as otel.
        others = set(images) - {*SERVICES.values(), *observers.SERVICES}
        # The JVMs take longest, so everything else happens while they start.
        compose.start([*(spec.service for spec in start_order(components)), *sorted(others)])
        if pipeline.consumer is not None:
            self._get_consumer(compose)
        endpoints = on_loopback(
            NAME, pipeline, chosen, observed=observe, connector_postgres=_IN_NETWORK["postgres"]
        )
        sink = _IN_NETWORK.get(endpoints.sink, "")
        endpoints = msgspec.structs.replace(endpoints, connector_sink=sink)
        make_pipeline(
            self,
            pipeline,
            self.checkout.pipeline,
            endpoints,
            start_consumer=lambda: compose.start([SERVICES["consumer"]]),
        )
        if observe:
            compose.start(observers.SERVICES)
            wait_until(
                lambda: readiness.prometheus_ready(endpoints),
                what="prometheus",
                deadline_seconds=self.deadline_seconds,
                hint="docker compose logs prometheus",
            )
            _log.info(f"Grafana: {endpoints.grafana_url}")
        readiness.prove_pipeline(pipeline, endpoints)
        endpoints.write(self.checkout.endpoints_file)
        return endpoints

    def _get_consumer(self, compose: Compose) -> None:
        """Take the consumer's image of the release, or build it."""
        lock = self.checkout.root / "requirements" / LOCK_FILE
        # A checkout may have another consumer than the last release.
        released = Release.read(lock).images.get("consumer", "") if IS_INSTALLED else ""
        if released:
            try:
                compose.take(released, SERVICES["consumer"])
            except StackFailure as failure:
                _log.info(f"cdc-consumer is built here: {failure.message}")
            else:
                _log.info(f"cdc-consumer is {released}")
                return
        compose.build(SERVICES["consumer"])

    def _get_images(self, compose: Compose, images: Mapping[str, str]) -> None:
        missing = self.project.containers.missing(images)
        if missing:
            _log.info(f"pulling the images of {', '.join(missing)}")
            compose.pull(missing)
