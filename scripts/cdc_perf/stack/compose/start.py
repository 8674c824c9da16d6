"""The start of the compose stack."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.stack import readiness
from cdc_perf.stack.component_specs import COMPONENTS, components_of, start_order
from cdc_perf.stack.compose import observe as observers
from cdc_perf.stack.compose import ports
from cdc_perf.stack.compose.cli import Compose
from cdc_perf.stack.compose.containers import SERVICES
from cdc_perf.stack.compose.project import ComposeProject
from cdc_perf.stack.compose.watch import LAST_LINES, lines_of
from cdc_perf.stack.endpoints import Endpoints, on_loopback
from cdc_perf.stack.start import make_pipeline
from cdc_perf.waiting import NotReady, wait_until

_log = logging.getLogger(__name__)
NAME = "compose"
# With this many restarts by the engine, a component counts as unable to start.
_MOST_RESTARTS = 3


def expect_supported(pipeline: Pipeline) -> None:
    """Return if docker-compose.yml can run the pipeline.

    Raises:
        UsageFailure: It needs a plugin of Kafka Connect, or a PostgreSQL sink.
    """
    needed = ""
    if isinstance(pipeline.sink, PostgresSink):
        needed = "a PostgreSQL sink"
    elif pipeline.sink_connector is not None or pipeline.connect.plugins:
        needed = "a sink connector"
    if needed:
        raise UsageFailure(
            f"--stack compose: the compose stack has no {needed.removeprefix('a ')}",
            hint="use --stack local, or --stack external",
        )


@dataclass(frozen=True)
class ComposeStarter:
    """Starts the containers of one checkout's project."""

    deadline_seconds: ClassVar = 120.0
    interval_seconds: ClassVar = 0.1

    checkout: Checkout
    pipeline: Pipeline
    project: ComposeProject
    jmx_agent: Callable[[], Path]

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

    def start(self, *, observe: bool) -> Endpoints:
        """Get the images, start the containers, and make them a pipeline."""
        pipeline = self.pipeline
        expect_supported(pipeline)
        chosen = ports.choose(os.environ)
        observing = observers.variables(self.jmx_agent(), os.environ) if observe else {}
        published = {ports.VARIABLES[name]: str(port) for name, port in chosen.items()}
        compose = self.project.compose({**published, **observing})
        images = compose.images()
        self._get_images(compose, images)
        # Services of profiles that the user selected (COMPOSE_PROFILES), such as otel.
        others = set(images) - {*SERVICES.values(), *observers.SERVICES}
        # The JVMs take longest, so everything else happens while they start.
        components = components_of(pipeline)
        compose.start([*(spec.service for spec in start_order(components)), *sorted(others)])
        if pipeline.consumer is not None:
            compose.build(SERVICES["consumer"])
        endpoints = on_loopback(
            NAME, pipeline, chosen, observed=observe, connector_postgres="postgres:5432"
        )
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

    def _get_images(self, compose: Compose, images: Mapping[str, str]) -> None:
        missing = self.project.containers.missing(images)
        if missing:
            _log.info(f"pulling the images of {', '.join(missing)}")
            compose.pull(missing)
