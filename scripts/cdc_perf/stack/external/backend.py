"""The external stack: the harness checks and measures it, and never starts or stops it."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.settings.kafka_client import generator_ignores
from cdc_perf.settings.pipeline import KafkaSink, Pipeline
from cdc_perf.stack import readiness, target
from cdc_perf.stack.backend import JvmMemory, LogTail
from cdc_perf.stack.checks.capture import PUBLISHED
from cdc_perf.stack.checks.flow import check_events
from cdc_perf.stack.checks.results import Checks, Result, expect_passed
from cdc_perf.stack.checks.sequence import check_flow, warnings
from cdc_perf.stack.component import ComponentEvent, ComponentStatus
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.connector_health import read_connectors, status_rows
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.addresses import addresses, client_file
from cdc_perf.stack.external.canary import ChosenCanary, choose_canary, with_canary
from cdc_perf.stack.probes import CONNECTORS, ProbeAnswer, check_answers, probe_all
from cdc_perf.stack.usage import Usage

_log = logging.getLogger(__name__)
_GIT_SECONDS = 10
_OURS = "cdc-perf does not stop an external stack: nothing was changed"


def in_git(path: Path) -> bool:
    """Return whether git tracks a file; False if that is unknown."""
    if shutil.which("git") is None:
        return False
    words = ("git", "-C", str(path.parent), "ls-files", "--error-unmatch", "--", path.name)
    return process.run(words, check=False, timeout_seconds=_GIT_SECONDS).exit_code == 0


def _warnings(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(warning for result in results for warning in result.warnings)


class ExternalStack:
    """A pipeline that others run; the harness does not start, stop, or delete any part of it."""

    name = "external"

    def __init__(self, pipeline: Pipeline, environment: Mapping[str, str], folder: Path) -> None:
        self._pipeline = pipeline
        self._environment = environment
        self._folder = folder

    @cached_property
    def _addresses(self) -> Endpoints:
        return addresses(self._pipeline, self._environment, self._folder)

    @cached_property
    def _canary(self) -> ChosenCanary:
        return choose_canary(self._pipeline, self._addresses)

    def _answers(self) -> tuple[ProbeAnswer, ...]:
        return probe_all(self._pipeline, self._addresses)

    def _warn_of_client(self) -> None:
        """Report what the settings of Kafka clients do not do as expected."""
        file = client_file(self._pipeline, self._environment, self._folder)
        if file is not None and in_git(file):
            _log.warning(f"git tracks {file}, which may contain secrets: remove it from git")
        if isinstance(self._pipeline.sink, KafkaSink):
            for name in generator_ignores(self._addresses.kafka_client):
                _log.info(f"k6 reads the topics without {name}, which its Kafka client lacks")

    def up(self, *, observe: bool = False, proxied: bool = False) -> Endpoints:  # noqa: ARG002
        """Probe every component, report the answers, and send a canary row through the pipeline."""
        endpoints = self._addresses
        if observe and not endpoints.prometheus_url:
            raise StackFailure(
                "--observe: no Prometheus address is set",
                hint="set CDC_PROMETHEUS_URL, or prometheus_url in [stacks.external]",
            )
        answers = probe_all(self._pipeline, endpoints)
        for answer in answers:
            _log.info(str(answer))
        self._warn_of_client()
        results = self._results(answers)
        for warning in _warnings(results):
            _log.info(warning)
        expect_passed(results)
        for warning in warnings(self._pipeline, endpoints):
            _log.info(warning)
        # The topic of the canary's event may have been empty before, and its form may be the reason
        # why the row does not arrive.
        endpoints = self._canary.endpoints
        events = partial(check_events, self._pipeline, endpoints)
        readiness.prove_pipeline(self._pipeline, endpoints, explain=events)
        events()
        return endpoints

    def verify(self, *, connector: bool = True) -> None:
        """Raise StackFailure if the external stack does not match pipeline.toml.

        It checks tables, publication, sink, plugins, connectors, slot, topics, consumer group, and
        the form of events.

        Args:
            connector: Whether the connector must run as the file says; not before its deployment.
        """
        self._warn_of_client()
        results = check_flow(self._pipeline, self._addresses, reading=connector)
        for warning in _warnings(results):
            _log.info(warning)
        expect_passed(results)

    def check(self) -> tuple[Result, ...]:
        """Probe every component, and run the checks that need no write."""
        self._warn_of_client()
        return self._results(self._answers())

    def _results(self, answers: Sequence[ProbeAnswer]) -> tuple[Result, ...]:
        """Check everything that can be read, and which canary the pipeline can carry."""
        checks = Checks()
        check_answers(self._pipeline, self._addresses, answers, checks=checks)
        checks.run("row of the canary", lambda: self._canary.warnings, needs=(PUBLISHED,))
        return checks.results

    def down(self) -> bool:
        """Report that nothing is stopped."""
        _log.info(_OURS)
        return True

    def abandon(self) -> bool:
        """Do nothing."""
        return True

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if every component with an address answers."""
        faulty = [x for x in self._answers() if x.fault and x.component not in CONNECTORS]
        return None if faulty else with_canary(self._pipeline, self._addresses)

    def status(self) -> tuple[ComponentStatus, ...]:
        """Probe every component; one without an address counts as running."""
        connectors = read_connectors(self._pipeline, self._addresses)
        components = tuple(
            ComponentStatus(
                name=answer.component,
                version=answer.version if answer.given else "no address given",
                state="failed" if answer.fault else "running",
                pid=None,
                port=None,
                memory=None,
                uptime=None,
                detail=answer.fault,
            )
            for answer in self._answers()
            if answer.component not in CONNECTORS
        )
        return (*components, *status_rows(connectors))

    def usage(self) -> Mapping[str, Usage]:
        """Return nothing: its processes are not on this machine."""
        return {}

    def collected(self) -> Mapping[str, JvmMemory]:
        """Return nothing: its processes are not on this machine."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """Return the versions that the components report."""
        answers = {x.component: x for x in self._answers() if x.given}
        return {name: answers[name].version or "external" for name in COMPONENTS if name in answers}

    def notes(self) -> tuple[str, ...]:
        """Return what was not observed."""
        answers = {x.component: x for x in self._answers()}
        missing = ", ".join(name for name, x in answers.items() if not x.given)
        notes = (
            "external stack: restarts, logs, CPU, and memory were not monitored",
            f"no address given for {missing}" if missing else "",
            target.note(answers["mongodb"].version) if "mongodb" in answers else "",
        )
        return tuple(x for x in notes if x)

    def log_tails(self, _lines: int) -> Mapping[str, LogTail]:
        """Return no lines: its logs are not available."""
        return {name: LogTail("external: not available", ()) for name in COMPONENTS}

    def watch(self) -> "ExternalWatch":
        """Return a watch that observes nothing."""
        return ExternalWatch()

    def control(self) -> None:
        """Return None: the components belong to others."""


class ExternalWatch:
    """A watch without access to events or logs."""

    def events(self) -> tuple[ComponentEvent, ...] | None:
        """Return None: events are unknown."""
        return None

    def logs(self) -> Mapping[str, bytes]:
        """Return no logs."""
        return {}
