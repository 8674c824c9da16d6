"""The start of the embedded stack."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import msgspec

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.stack import readiness
from cdc_perf.stack.component_specs import OBSERVERS, PIPELINE, components_of, start_order
from cdc_perf.stack.endpoints import Endpoints, on_loopback
from cdc_perf.stack.links import links_of
from cdc_perf.stack.local import consumer, jvm, known_errors, mongodb, observe, postgres
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.logs import last_lines
from cdc_perf.stack.local.observe import Observers
from cdc_perf.stack.local.passwords import CONNECTOR_REFERENCE, Passwords
from cdc_perf.stack.local.ports import Ports, choose
from cdc_perf.stack.local.program import Program
from cdc_perf.stack.local.proxies import (
    TOXIPROXY,
    ProxyPorts,
    as_the_consumer_reaches,
    toxiproxy,
    with_proxies,
)
from cdc_perf.stack.local.state import LocalState
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.stack.local.tool_paths import Install, Installed
from cdc_perf.stack.start import make_pipeline, wait_ready

_log = logging.getLogger(__name__)
NAME = "local"


def databases_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the databases on the embedded PostgreSQL server."""
    sink = pipeline.sink
    sinks = (sink.database,) if isinstance(sink, PostgresSink) else ()
    return (pipeline.postgres.database, *sinks)


@dataclass(frozen=True)
class LocalStarter:
    """Starts the components of one checkout under its supervisord."""

    deadline_seconds: ClassVar = 60.0
    interval_seconds: ClassVar = 0.05

    checkout: Checkout
    pipeline: Pipeline
    layout: Layout
    supervisor: Supervisor
    install: Install

    def announce(self) -> None:
        """Report a supervisord that was killed."""
        if self.supervisor.left_running():
            _log.info("supervisord was killed: stopping what it left running")

    def stopped(self) -> tuple[str, ...]:
        """Return the components and observers that supervisord was asked to stop."""
        known = self.supervisor.processes()
        names = (x for x in (*(spec.name for spec in PIPELINE), *OBSERVERS) if x in known)
        return tuple(name for name in names if self.supervisor.state(name) == "stopped")

    def log(self, name: str) -> Path:
        """Return a component's log file."""
        return self.layout.log(name)

    def last_lines(self, name: str) -> tuple[str, ...]:
        """Return the last lines of a component's log file."""
        return last_lines(self.log(name))

    def ended(self, name: str) -> str:
        """Return the remedy for a program that neither runs nor starts; else an empty string."""
        if self.supervisor.state(name) not in ("failed", "stopped"):
            return ""
        return known_errors.remedy(self.last_lines(name)) or f"see {self.log(name)}"

    def start_again(self, name: str) -> None:
        """Start a stopped component."""
        self.supervisor.start_program(name)

    def start(self, *, observe: bool, proxied: bool) -> Endpoints:
        """Install the tools, start the components, and make them a pipeline."""
        installed, versions = self.install(observe=observe, proxied=proxied)
        layout, pipeline = self.layout, self.pipeline
        local = pipeline.stacks.local
        given = {k: v for k, v in msgspec.structs.asdict(local.ports).items() if v is not None}
        ports = choose(given)
        proxies = ProxyPorts.choose(links_of(pipeline), ports) if installed.toxiproxy else None
        mongod = mongodb.configured(self.checkout, pipeline)
        server = mongodb.find_server(mongod, versions["mongodb"])
        observers = installed.observers
        passwords = Passwords()
        endpoints = on_loopback(
            NAME,
            pipeline,
            msgspec.structs.asdict(ports),
            observed=observers is not None,
            postgres_password=passwords.pipeline,
            connector_password=CONNECTOR_REFERENCE,
            connect_password=passwords.connect,
        )
        if proxies is not None:
            endpoints = with_proxies(endpoints, proxies)
        layout.make()
        components = components_of(pipeline)
        versions = {**versions, "mongodb": server.version}
        names = {*(spec.name for spec in components), TOXIPROXY, *OBSERVERS}
        state = LocalState(
            ports=ports,
            cluster_id=jvm.new_cluster_id(),
            versions={name: text for name, text in versions.items() if name in names},
            proxies=proxies,
        )
        state.write(layout.state)
        jvm.write_settings(layout, ports, passwords, installed.plugins, proxies)
        jvm.copy_storage(installed.storage, layout, state.cluster_id)
        agents, observing = self._observing(observers, ports)
        proxying = (
            (toxiproxy(layout, installed.toxiproxy, proxies),)
            if installed.toxiproxy and proxies
            else ()
        )
        programs = {
            each.name: each
            for each in (
                *jvm.programs(layout, installed.java, passwords, agents),
                mongodb.program(layout, server, installed.mongodb, ports.mongodb),
                postgres.program(layout, installed.postgres, ports.postgres),
                consumer.program(
                    self.checkout.root,
                    self.checkout.pipeline_file,
                    as_the_consumer_reaches(endpoints, proxies) if proxies else endpoints,
                    ports.consumer,
                ),
            )
        }
        self.supervisor.start(
            (*(programs[spec.name] for spec in components), *proxying, *observing)
        )
        for program in proxying:
            self.supervisor.start_program(program.name)
        for spec in start_order(components):
            if spec.name == "postgres":
                self._create_cluster(installed, ports, passwords)
            self.supervisor.start_program(spec.name)
        for program in observing:
            self.supervisor.start_program(program.name)
        make_pipeline(
            self,
            pipeline,
            self.checkout.pipeline,
            endpoints,
            create_account=partial(
                postgres.create_account,
                pipeline.postgres,
                databases_of(pipeline),
                ports.postgres,
                passwords,
            ),
            start_consumer=lambda: self.supervisor.start_program("consumer"),
            cluster_id=state.cluster_id,
        )
        for program in observing:
            wait_ready(self, program.name, lambda: readiness.prometheus_ready(endpoints))
            _log.info(f"Prometheus: {endpoints.prometheus_url}")
        readiness.prove_pipeline(pipeline, endpoints)
        if installed.k6 is not None:
            layout.k6.parent.mkdir(parents=True, exist_ok=True)
            layout.k6.symlink_to(installed.k6)
        endpoints.write(layout.endpoints)
        return endpoints

    def _create_cluster(self, installed: Installed, ports: Ports, passwords: Passwords) -> None:
        settings = self.pipeline.postgres
        postgres.write_admin_password(self.layout, settings, ports.postgres, passwords.admin)
        postgres.create_cluster(self.layout, installed.postgres, settings, passwords.admin)

    def _observing(
        self, observers: Observers | None, ports: Ports
    ) -> tuple[dict[str, str], tuple[Program, ...]]:
        """Return the agents' flags by program, and the programs that run beside the stack."""
        if observers is None:
            return {}, ()
        observe.write_settings(self.layout, observers, ports)
        prometheus = observe.program(self.layout, observers, ports)
        return observe.agent_flags(observers, ports), (prometheus,)
