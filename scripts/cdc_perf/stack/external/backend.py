"""The external stack: it is asked, measured and left as it is."""

from collections.abc import Mapping

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import readiness, target
from cdc_perf.stack.backend import JvmMemory, LogTail, Say
from cdc_perf.stack.checks.sequence import check_connector, check_pipeline, warnings
from cdc_perf.stack.component import COMPONENTS, ComponentEvent, ComponentStatus
from cdc_perf.stack.connector_health import CONNECTOR, look, status_rows
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.addresses import addresses
from cdc_perf.stack.external.probes import ProbeAnswer, ask_all
from cdc_perf.stack.usage import Usage

_OURS = "an external stack is not ours to stop: nothing was changed"


class ExternalStack:
    """A pipeline that others run; nothing of it is started, stopped or deleted here."""

    name = "external"

    def __init__(self, pipeline: Pipeline, environment: Mapping[str, str]) -> None:
        self._pipeline = pipeline
        self._environment = environment

    def _addresses(self) -> Endpoints:
        return addresses(self._pipeline, self._environment)

    def _answers(self) -> tuple[ProbeAnswer, ...]:
        return ask_all(self._pipeline, self._addresses())

    def up(self, say: Say, *, observe: bool = False) -> Endpoints:
        """Ask every component, say what answers, and prove the pipeline with a canary row."""
        endpoints = self._addresses()
        if observe and not endpoints.prometheus_url:
            raise StackFailure(
                "--observe: no address of a Prometheus is given",
                hint="set CDC_PROMETHEUS_URL, or prometheus_url in [stacks.external]",
            )
        answers = ask_all(self._pipeline, endpoints)
        for answer in answers:
            say(str(answer))
        faults = [str(answer) for answer in answers if answer.fault]
        if faults:
            raise StackFailure(
                f"the external stack is not ready: {faults[0]}",
                hint="mend it, or its address (CDC_*, [stacks.external] in pipeline.toml)",
                detail=tuple(faults[1:]),
            )
        self.verify()
        for warning in warnings(self._pipeline, endpoints):
            say(warning)
        readiness.prove_pipeline(self._pipeline, endpoints, say)
        return endpoints

    def verify(self, *, connector: bool = True) -> None:
        """Refuse tables, publication, collections or a connector that do not fit pipeline.toml."""
        endpoints = self._addresses()
        check_pipeline(self._pipeline, endpoints)
        if connector:
            check_connector(self._pipeline, endpoints)

    def down(self, say: Say) -> bool:
        """Say that nothing is stopped."""
        say(_OURS)
        return True

    def abandon(self, _say: Say) -> bool:
        """Leave it as it is."""
        return True

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if every component that was given answers."""
        silent = [x for x in self._answers() if x.fault and x.component != CONNECTOR]
        return None if silent else self._addresses()

    def status(self) -> tuple[ComponentStatus, ...]:
        """Ask every component; what has no address counts as running."""
        health = look(self._pipeline, self._addresses())
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
            if answer.component != CONNECTOR
        )
        return (*components, *status_rows(health))

    def usage(self) -> Mapping[str, Usage]:
        """Return nothing: its processes are not of this machine."""
        return {}

    def collected(self) -> Mapping[str, JvmMemory]:
        """Return nothing: its processes are not of this machine."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """Return what the components call themselves."""
        answers = {x.component: x for x in self._answers() if x.given}
        return {name: answers[name].version or "external" for name in COMPONENTS if name in answers}

    def notes(self) -> tuple[str, ...]:
        """Say what was not seen."""
        answers = {x.component: x for x in self._answers()}
        missing = ", ".join(name for name, x in answers.items() if not x.given)
        notes = (
            "external stack: restarts, logs, processors and memory were not watched",
            f"no address was given of {missing}" if missing else "",
            target.note(answers["mongodb"].version),
        )
        return tuple(x for x in notes if x)

    def log_tails(self, _lines: int) -> Mapping[str, LogTail]:
        """Return no lines: its logs are not here."""
        return {name: LogTail("external: not here", ()) for name in COMPONENTS}

    def watch(self) -> "ExternalWatch":
        """Observe nothing."""
        return ExternalWatch()


class ExternalWatch:
    """What can be seen from outside of what happens to components: nothing."""

    def events(self) -> tuple[ComponentEvent, ...] | None:
        """Return that nobody knows."""
        return None

    def logs(self) -> Mapping[str, bytes]:
        """Return no logs."""
        return {}
