"""The embedded stack: the real pipeline without Docker, under supervisord."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import target
from cdc_perf.stack.backend import JvmMemory, LogTail
from cdc_perf.stack.checks.results import Result
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.component_specs import OBSERVERS, PIPELINE, components_of
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.control import LocalControl
from cdc_perf.stack.local.jvm_memory import collected
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.logs import last_lines
from cdc_perf.stack.local.proxies import TOXIPROXY
from cdc_perf.stack.local.start import NAME, LocalStarter
from cdc_perf.stack.local.state import LocalState
from cdc_perf.stack.local.supervisor import Supervisor, uptime
from cdc_perf.stack.local.tool_paths import Install
from cdc_perf.stack.local.watch import LocalWatch
from cdc_perf.stack.start import check, up, verify
from cdc_perf.stack.toxiproxy import Toxiproxy
from cdc_perf.stack.usage import Usage, usage_of
from cdc_perf.waiting import cancelled_by

_log = logging.getLogger(__name__)


class LocalStack:
    """The embedded stack of one checkout."""

    name = NAME

    def __init__(
        self,
        checkout: Checkout,
        pipeline: Pipeline,
        layout: Layout,
        install: Install,
    ) -> None:
        self._checkout = checkout
        self._pipeline = pipeline
        self._layout = layout
        self._components = tuple(spec.name for spec in components_of(pipeline))
        self._supervisor = Supervisor(layout)
        self._starter = LocalStarter(checkout, pipeline, layout, self._supervisor, install)

    def up(self, *, observe: bool = False, proxied: bool = False) -> Endpoints:
        """Start the stack, or its stopped components, and send a canary row through it."""
        for fault, end in self._left_faults():
            _log.info(f"{fault}: ending it")
            end()
        return up(self, self._starter, self._pipeline, observe=observe, proxied=proxied)

    def _left_faults(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield each fault that a killed run left, in a sentence, and what ends it."""
        control, left = self.control(), "by a run that was killed"
        for name in self._components:
            if control.frozen(name):
                yield f"{name} was frozen {left}", partial(control.thaw, name)
            if control.disk_full(name):
                yield f"the disk of {name} was filled {left}", partial(control.free_disk, name)
        endpoints = self.endpoints()
        if endpoints is not None and endpoints.toxiproxy_url:
            toxiproxy = Toxiproxy(endpoints.toxiproxy_url)
            for link in toxiproxy.affected():
                yield f"the link {link} was impaired {left}", partial(toxiproxy.clear, link)

    def verify(self, *, connector: bool = True) -> None:  # noqa: ARG002 - the harness deploys it
        """Raise StackFailure if it does not match pipeline.toml, or a killed run left a fault."""
        for fault, _end in self._left_faults():
            raise StackFailure(fault, hint=f"{COMMAND} up ends the fault")
        verify(self, self._checkout, self._pipeline)

    def check(self) -> tuple[Result, ...]:
        """Check everything that can be read of the running stack."""
        return check(self, self._checkout, self._pipeline)

    def down(self) -> bool:
        """Kill the components, as their data are removed; PostgreSQL cleans up after itself."""
        found = self._layout.state.exists() or self._supervisor.alive()
        # Those of the pipeline.toml that the stack was started with.
        known = self._supervisor.processes()
        specs = [spec for spec in PIPELINE if spec.name in known]
        for spec in specs:
            with suppress(StackFailure):
                self._supervisor.kill_program(spec.name, spec.kill_signal)
        for spec in specs:
            with suppress(StackFailure):
                self._supervisor.stop_program(spec.name)
        self._supervisor.shut_down()
        self._layout.clear()
        if found:
            _log.info("the stack is down")
        return found

    def abandon(self) -> bool:
        """Stop the stack, although the command was cancelled."""
        with cancelled_by(threading.Event()):
            return self.down()

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if `up` finished and supervisord still answers."""
        found = Endpoints.read(self._layout.endpoints, self.name)
        return found if found is not None and self._supervisor.alive() else None

    def versions(self) -> Mapping[str, str]:
        """Return the versions that `up` recorded."""
        state = LocalState.read(self._layout.state)
        return state.versions if state is not None else {}

    def status(self) -> tuple[ComponentStatus, ...]:
        """Return the state of each component from supervisord.

        Raises:
            StackFailure: supervisord hangs.
        """
        self._supervisor.expect_answer()
        state = LocalState.read(self._layout.state)
        processes = self._supervisor.processes()
        usage = self.usage()
        versions = self.versions()
        statuses = []
        others = (x for x in (TOXIPROXY, *OBSERVERS) if x in processes)
        for name in (*self._components, *others):
            info = processes.get(name, {})
            pid = info.get("pid") or None
            statuses.append(
                ComponentStatus(
                    name=name,
                    version=versions.get(name, ""),
                    state=self._supervisor.state(name) if info else "stopped",
                    pid=pid,
                    port=state.port(name) if state is not None and info else None,
                    memory=usage[name].memory if name in usage else None,
                    uptime=uptime(info) if info else None,
                )
            )
        return tuple(statuses)

    def usage(self) -> Mapping[str, Usage]:
        """Return the usage of the processes that supervisord started."""
        return usage_of(self._pids())

    def collected(self) -> Mapping[str, JvmMemory]:
        """Run a full collection in the broker and the Connect worker; return the memory left."""
        return collected(self._pids())

    def _pids(self) -> Mapping[str, int]:
        processes = self._supervisor.processes()
        return {name: x["pid"] for name, x in processes.items() if x.get("pid")}

    def notes(self) -> tuple[str, ...]:
        """Return the differences from a pipeline in production."""
        server = self.versions().get("mongodb", "")
        notes = [
            "embedded stack: load and pipeline share one machine, PostgreSQL runs with fsync=off"
        ]
        if on_mongodb := target.note(server):
            notes.append(on_mongodb)
        if any(name in self.versions() for name in OBSERVERS):
            notes.append("observed: Prometheus and the JMX agents ran on the same machine")
        if TOXIPROXY in self.versions():
            notes.append("proxied: the components reach each other through Toxiproxy")
        return tuple(notes)

    def log_files(self) -> Mapping[str, Path]:
        """Return the log files, including supervisord's."""
        others = (name for name in (TOXIPROXY, *OBSERVERS) if name in self.versions())
        return {
            name: self._layout.log(name) for name in (*self._components, *others, "supervisord")
        }

    def log_tails(self, lines: int) -> Mapping[str, LogTail]:
        """Return the last lines of the log files."""
        files = self.log_files().items()
        return {name: LogTail(str(path), last_lines(path, lines)) for name, path in files}

    def watch(self) -> LocalWatch:
        """Start to observe, from the current end of each log."""
        return LocalWatch(self._layout, self._supervisor, self.log_files())

    def control(self) -> LocalControl:
        """Return what breaks the components on purpose."""
        return LocalControl(self._supervisor)
