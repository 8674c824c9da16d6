"""run.json: what was run, where and with which settings, and how far it came."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.overrides import Overrides
from cdc_perf.settings.executors import Executor

SCHEMA_VERSION = 1
_GIB = 1024**3


class RunStatus(StrEnum):
    """How far a run came; RUNNING in a folder that nobody writes to means that it was killed."""

    RUNNING = "running"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


class ThresholdEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as it was in force."""

    metric: str
    stat: str
    operator: str
    limit: float


class EventEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a component of the stack while a scenario ran.

    Attributes:
        component: Its name.
        what: What happened, as the rest of a sentence that begins with the name.
        at: When; null where nobody knows.
        back: When it was started again; null where it was not.
    """

    component: str
    what: str
    at: datetime | None = None
    back: datetime | None = None


class ScenarioEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario as it was run.

    Attributes:
        name: Its name.
        description: A line for people.
        think_time_seconds: Mean pause of a virtual user between two iterations.
        executor: The load's shape after the overrides, as k6 names its options.
        seconds: How long the load lasts.
        thresholds: Its limits in the environment of the run.
        started: When k6 was started; null before that.
        ended: When k6 had ended; null before that.
        k6_exit_code: What k6 exited with; null before that.
        events: What happened to the stack meanwhile.
    """

    name: str
    description: str
    think_time_seconds: float
    executor: Executor
    seconds: float
    thresholds: tuple[ThresholdEntry, ...]
    started: datetime | None = None
    ended: datetime | None = None
    k6_exit_code: int | None = None
    events: tuple[EventEntry, ...] = ()


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures depend on beside the software; memory in bytes."""

    system: str
    architecture: str
    cpu: str
    cores: int
    memory: int
    python: str

    @property
    def fingerprint(self) -> tuple[str, str, int, int]:
        """What tells machines apart: architecture, processor, cores and memory in GiB.

        The kernel's and Python's versions change with every image of a hosted runner.
        """
        return self.architecture, self.cpu, self.cores, round(self.memory / _GIB)


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured and with what.

    Attributes:
        project: This project's version.
        commit: The checkout's commit; empty outside of git.
        changed: Whether the checkout differed from that commit.
        k6: The version of k6.
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
        schema_version: Of this shape.
        run_id: The folder's name.
        name: What the run was called (`--name`); may be empty.
        status: How far it came.
        started: When the run began, UTC.
        ended: When it was over; null before that.
        stack: The backend: `local`.
        stack_was_up: Whether the stack ran before and was left running.
        overrides: What `--duration`, `--vus` and `--env` asked for.
        versions: Software.
        machine: Hardware and system.
        connector: The connector's settings by name, as Kafka Connect had them when the run began,
            without addresses and secrets; empty where nobody knows.
        scenarios: In the order in which they are run.
        notes: Sentences that belong beside the figures.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    name: str
    status: RunStatus
    started: datetime
    ended: datetime | None = None
    stack: str
    stack_was_up: bool
    overrides: Overrides
    versions: Versions
    machine: Machine
    connector: Mapping[str, str] = msgspec.field(default_factory=dict)
    scenarios: tuple[ScenarioEntry, ...]
    notes: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write run.json whole."""
        write_atomically(path, readable_json(self))
