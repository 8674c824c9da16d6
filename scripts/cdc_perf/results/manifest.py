"""run.json: what ran, where, with which settings, and its status."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.overrides import Overrides
from cdc_perf.settings.executors import LoadShape
from cdc_perf.settings.pipeline_version import PipelineVersion

SCHEMA_VERSION = 1
_GIB = 1024**3


class RunStatus(StrEnum):
    """The status of a run; RUNNING in a folder without a writer means that the run was killed."""

    RUNNING = "running"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


class ThresholdEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold as it applied."""

    metric: str
    stat: str
    operator: str
    limit: float


class EventEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a component of the stack during a scenario.

    Attributes:
        component: Its name.
        what: What happened, as the rest of a sentence that begins with the name.
        at: When; null if unknown.
        back: When it started again; null if it did not.
    """

    component: str
    what: str
    at: datetime | None = None
    back: datetime | None = None


class ScenarioEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario's settings and run.

    Attributes:
        name: Its name.
        description: A line for people.
        think_time_seconds: Mean pause of a virtual user between two iterations.
        executor: The load shape after the overrides, with k6's option names; or an observation.
        seconds: The length of the load.
        thresholds: Its thresholds in the run's environment.
        started: When k6 or the observation started; null before that.
        ended: When it ended; null before that.
        k6_exit_code: k6's exit code; null before that, and if k6 does not run.
        events: What happened to the stack during the scenario.
        faults: The faults that it injects, in order, with their times if they have any:
            `kill:connect@30s`.
    """

    name: str
    description: str
    think_time_seconds: float
    executor: LoadShape
    seconds: float
    thresholds: tuple[ThresholdEntry, ...]
    started: datetime | None = None
    ended: datetime | None = None
    k6_exit_code: int | None = None
    events: tuple[EventEntry, ...] = ()
    faults: tuple[str, ...] = ()


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The hardware and system that results depend on; memory in bytes."""

    system: str
    architecture: str
    cpu: str
    cores: int
    memory: int
    python: str

    @property
    def fingerprint(self) -> tuple[str, str, int, int]:
        """What distinguishes machines: architecture, CPU, cores, and memory in GiB.

        It excludes the kernel's and Python's versions, which change with every image of a hosted
        runner.
        """
        return self.architecture, self.cpu, self.cores, round(self.memory / _GIB)


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of everything that took part in the measurement.

    Attributes:
        project: This project's version.
        commit: The checkout's commit; empty outside of git.
        changed: Whether the checkout differed from that commit.
        k6: The version of k6; empty if it did not run.
        components: Version of each component of the stack.
    """

    project: str
    commit: str
    changed: bool
    k6: str
    components: dict[str, str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of run.json.

    Attributes:
        schema_version: The version of this shape.
        run_id: The folder's name.
        name: The run's name (`--name`); may be empty.
        status: The run's status.
        started: When the run began, UTC.
        ended: When it ended; null before that.
        pipeline: The pipeline and the version of its settings.
        pipeline_option: The pipeline's folder, relative to the checkout; empty for the default, and
            in runs of earlier versions.
        stack: The backend: `local`.
        stack_was_up: Whether the stack already ran and was left running.
        overrides: The values of `--duration`, `--vus`, `--env`, `--fault`, and `--repeat`.
        versions: Software.
        machine: Hardware and system.
        connector: The connector's settings by name, from Kafka Connect at the start of the run,
            without addresses and secrets; empty if unknown.
        scenarios: In run order.
        notes: Sentences to show with the results.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    name: str
    status: RunStatus
    started: datetime
    ended: datetime | None = None
    pipeline: PipelineVersion = PipelineVersion()
    pipeline_option: str = ""
    stack: str
    stack_was_up: bool
    overrides: Overrides
    versions: Versions
    machine: Machine
    connector: Mapping[str, str] = msgspec.field(default_factory=dict)
    scenarios: tuple[ScenarioEntry, ...]
    notes: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write run.json atomically."""
        write_atomically(path, readable_json(self))
