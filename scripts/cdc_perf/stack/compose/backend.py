"""The compose stack: the pipeline of docker-compose.yml."""

import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.files import write_atomically
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import target
from cdc_perf.stack.backend import JvmMemory, LogTail
from cdc_perf.stack.checks.results import Result
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.component_specs import COMPONENTS, components_of
from cdc_perf.stack.compose import plugins
from cdc_perf.stack.compose.control import ComposeControl
from cdc_perf.stack.compose.engine import DockerEngine
from cdc_perf.stack.compose.project import ComposeProject
from cdc_perf.stack.compose.start import NAME, ComposeStarter
from cdc_perf.stack.compose.watch import ComposeWatch, lines_of
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.start import check, up, verify
from cdc_perf.stack.usage import Usage
from cdc_perf.waiting import NotReady, cancelled_by

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 10
_GIB = 1024**3


class ComposeStack:
    """The compose stack of one checkout; other checkouts have other projects and ports."""

    name = NAME

    def __init__(
        self,
        checkout: Checkout,
        pipeline: Pipeline,
        find_engine: Callable[[], DockerEngine],
        jmx_agent: Callable[[], Path],
        plugin_folders: Callable[[], Mapping[str, Path]],
    ) -> None:
        self._checkout = checkout
        self._pipeline = pipeline
        self._project = ComposeProject(checkout, pipeline, find_engine)
        self._starter = ComposeStarter(checkout, pipeline, self._project, jmx_agent, plugin_folders)

    def up(self, *, observe: bool = False, proxied: bool = False) -> Endpoints:
        """Start the stack, or its stopped components, and send a canary row through it."""
        return up(self, self._starter, self._pipeline, observe=observe, proxied=proxied)

    def verify(self, *, connector: bool = True) -> None:  # noqa: ARG002 - the harness deploys it
        """Raise StackFailure if the stack's settings or tables do not match pipeline.toml."""
        verify(self, self._checkout, self._pipeline)

    def check(self) -> tuple[Result, ...]:
        """Check everything that can be read of the running stack."""
        return check(self, self._checkout, self._pipeline)

    def down(self) -> bool:
        """Stop and remove the containers with their data; keep their logs as files."""
        found = bool(self._project.containers.leftovers())
        if found:
            self._remove(_GRACE_SECONDS)
            _log.info("the stack is down")
        self._checkout.endpoints_file.unlink(missing_ok=True)
        return found

    def abandon(self) -> bool:
        """Kill and remove the containers with their data."""
        # A cancelled command must still clean up.
        with cancelled_by(threading.Event()):
            found = bool(self._project.containers.leftovers())
            if found:
                self._remove(0)
                _log.info("the stack is down")
        self._checkout.endpoints_file.unlink(missing_ok=True)
        return found

    def _remove(self, grace_seconds: int) -> None:
        folder = self._checkout.stack / "logs"
        for name, log in self._project.containers.logs().items():
            write_atomically(folder / f"{name}.log", log)
        self._project.compose({}).down(grace_seconds)
        shutil.rmtree(plugins.folder_of(self._checkout), ignore_errors=True)

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if `up` finished and the containers still exist."""
        found = Endpoints.read(self._checkout.endpoints_file, self.name)
        if found is None:
            return None
        try:
            return found if self._project.containers.ids() else None
        except StackFailure:
            return None

    def collected(self) -> Mapping[str, JvmMemory]:
        """Return nothing: only the total memory of each container is known."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """Return the images with their digests."""
        containers = self._project.containers
        found = containers.all()
        return {name: containers.version(found[name]) for name in COMPONENTS if name in found}

    def status(self) -> tuple[ComponentStatus, ...]:
        """Return the state of each component's container."""
        found = self._project.containers.all() if self.endpoints() is not None else {}
        usage = self.usage() if found else {}
        statuses = []
        for name in (spec.name for spec in components_of(self._pipeline)):
            container = found.get(name)
            statuses.append(
                ComponentStatus(
                    name=name,
                    version=self._project.containers.version(container) if container else "",
                    state=container.state if container else "stopped",
                    pid=container.pid if container else None,
                    port=next(iter(container.ports.values()), None) if container else None,
                    memory=usage[name].memory if name in usage else None,
                    uptime=container.uptime if container else None,
                )
            )
        return tuple(statuses)

    def usage(self) -> Mapping[str, Usage]:
        """Return the usage of each component; nothing if the engine does not answer."""
        try:
            return self._project.statistics.of(self._project.containers.component_ids())
        except StackFailure:
            return {}

    def notes(self) -> tuple[str, ...]:
        """Return the differences from a pipeline in production."""
        limits = ", ".join(
            f"{name} {x.limits[0]:g} CPU {x.limits[1] / _GIB:g} GiB"
            for name, x in self._project.containers.all().items()
        )
        endpoints = self.endpoints()
        observed = endpoints is not None and endpoints.prometheus_url
        notes = (
            f"compose stack: load and pipeline share one machine; limits: {limits}",
            "" if endpoints is None else self._note_on_mongodb(endpoints),
            "observed: Prometheus, Grafana, and the JMX agents ran on the same machine"
            if observed
            else "",
        )
        return tuple(x for x in notes if x)

    @staticmethod
    def _note_on_mongodb(endpoints: Endpoints) -> str:
        if not endpoints.mongodb_uri:
            return ""
        try:
            return target.note(target.server(endpoints.mongodb_uri))
        except NotReady:
            return ""

    def log_tails(self, lines: int) -> Mapping[str, LogTail]:
        """Return the last lines of each container's log."""
        names = {name: x.name for name, x in self._project.containers.all().items()}
        found = self._project.containers.logs(lines=lines)
        return {
            name: LogTail(f"docker logs {names[name]}", lines_of(found.get(name, b"")))
            for name in COMPONENTS
            if name in names
        }

    def watch(self) -> ComposeWatch:
        """Start to observe the containers."""
        return ComposeWatch(self._project.containers, self._project.listener)

    def control(self) -> ComposeControl:
        """Return what breaks the components on purpose."""
        return ComposeControl(self._project.containers)
