"""The load shapes: scenarios.json."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import format_duration, parse_duration
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    Executor,
    LoadShape,
    Observation,
    RampingArrivalRate,
)
from cdc_perf.settings.files import typed
from cdc_perf.settings.names import nearest
from cdc_perf.settings.overlay import layered
from cdc_perf.settings.paths import Checkout

HEALTH_CHECK = "health-check"
_HEALTH_CHECK_SCRIPT = "health-check.js"
# The script of every scenario that has none of its own: it executes the scenario's workload.
_WORKLOAD_SCRIPT = "workload-test.js"
# The scenario of `--observe-only`, which has no k6 script and is in no scenarios.json.
OBSERVE = "observe"
ALL = "all"

# A name is also a file, a nox session, a job, and a key of thresholds.json. There, the reserved
# words mean something else.
MOST_HOLDS = 3
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = frozenset({ALL, OBSERVE, "default", "environments", "recovery"})


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    description: Annotated[str, msgspec.Meta(min_length=1)]
    think_time_seconds: Annotated[float, msgspec.Meta(ge=0)]
    in_all: bool
    options: Executor
    hold: str | None = None
    script: Annotated[str, msgspec.Meta(pattern=r"\A[\w.-]+\.js\Z")] | None = None
    faults: tuple[str, ...] = ()
    workload: Annotated[str, msgspec.Meta(min_length=1)] | None = None


@dataclass(frozen=True)
class Scenario:
    """One load shape.

    Attributes:
        name: Its name on the command line.
        description: One line of description.
        think_time_seconds: The pause of a virtual user between two iterations.
        in_all: Whether `all` includes it.
        options: The committed shape, before overrides.
        duration_seconds: The total duration of the shape; the maximum for a fixed number of
            iterations.
        script: The path of the k6 script, which exists; None if k6 does not run.
        hold_seconds: For a rising arrival rate: how long each of up to three holds of a constant
            rate after the ramp lasts. None for other shapes.
        workload: The file of its workload, relative to the pipeline's folder; empty: the
            pipeline's.
        faults: The names of the faults that it injects, one after the other; it ends after the
            recovery from the last one.
    """

    name: str
    description: str
    think_time_seconds: float
    in_all: bool
    options: LoadShape
    duration_seconds: float
    script: Path | None
    hold_seconds: float | None = None
    workload: str = ""
    faults: tuple[str, ...] = ()

    @property
    def k6_script(self) -> Path:
        """The script that k6 runs.

        Raises:
            ValueError: k6 does not run in this scenario.
        """
        if self.script is None:
            raise ValueError(f"{self.name} has no k6 script")
        return self.script

    @property
    def longest_seconds(self) -> float:
        """The maximum duration of its load, including holds."""
        return self.duration_seconds + MOST_HOLDS * (self.hold_seconds or 0.0)


@dataclass(frozen=True)
class Scenarios:
    """All scenarios, in the order of the file."""

    every: tuple[Scenario, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the file."""
        return tuple(scenario.name for scenario in self.every)

    @property
    def recorded(self) -> tuple[str, ...]:
        """The names that a scenario of a run can have."""
        return (*self.names, OBSERVE)

    def get(self, name: str, *, option: str = "--scenarios") -> Scenario:
        """Return the scenario with the name that the user gave with this option.

        Raises:
            UsageFailure: There is no such scenario; the message lists the closest names.
        """
        for scenario in self.every:
            if scenario.name == name:
                return scenario
        known = (*self.names, ALL) if option == "--scenarios" else self.names
        raise UsageFailure(f"{option}: unknown scenario {name!r}; {nearest(name, known)}")

    def recorded_name(self, name: str, *, option: str) -> str:
        """Return the name of a scenario of a run that the user gave with this option.

        Raises:
            UsageFailure: As in `get`.
        """
        return name if name == OBSERVE else self.get(name, option=option).name

    def select(self, names: str) -> tuple[Scenario, ...]:
        """Return the scenarios of a list such as `baseline,e2e-latency`.

        They are in the order of the list, without repetitions. `all` means those with `in_all`, in
        the order of the file.

        Raises:
            UsageFailure: The list is empty or contains an unknown scenario.
        """
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        if not wanted:
            raise UsageFailure(
                f"--scenarios: name at least one scenario; known: {', '.join((*self.names, ALL))}"
            )
        chosen: dict[str, Scenario] = {}
        for name in wanted:
            found = [s for s in self.every if s.in_all] if name == ALL else [self.get(name)]
            chosen |= {scenario.name: scenario for scenario in found}
        if not chosen:
            raise UsageFailure("--scenarios: no scenario in scenarios.json has in_all: true")
        return tuple(chosen.values())


def observation(seconds: float) -> Scenario:
    """Return the scenario that observes the traffic of others for a time."""
    return Scenario(
        name=OBSERVE,
        description="no load of its own: the traffic of others is measured",
        think_time_seconds=0.0,
        in_all=False,
        options=Observation(duration=format_duration(seconds)),
        duration_seconds=seconds,
        script=None,
    )


def load_scenarios(checkout: Checkout) -> Scenarios:
    """Return the scenarios in scenarios.json, with the pipeline's own laid over them.

    Raises:
        UsageFailure: A file is missing or wrong, or a scenario's script does not exist.
    """
    found = layered(checkout.scenarios_file, checkout.own_scenarios_file)
    if not found.content:
        raise UsageFailure(f"{found.name}: contains no scenario")
    return Scenarios(
        tuple(_scenario(checkout, found.name, name, entry) for name, entry in found.content.items())
    )


def _scenario(checkout: Checkout, file: str, name: str, content: object) -> Scenario:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise UsageFailure(
            f"{file}: {name}: is not a valid name; use lowercase words such as e2e-latency "
            f"(reserved: {', '.join(sorted(_RESERVED))})"
        )
    entry = typed(content, _Entry, file=file, place=name)
    if entry.faults and not isinstance(entry.options, ConstantArrivalRate):
        raise UsageFailure(
            f"{file}: {name}.faults: only the executor constant-arrival-rate can have a list of "
            "faults: other loads fall while the pipeline is down"
        )
    hold = None
    if entry.hold is not None:
        if not isinstance(entry.options, RampingArrivalRate):
            raise UsageFailure(
                f"{file}: {name}.hold: only the executor ramping-arrival-rate can have a hold"
            )
        hold = parse_duration(entry.hold, where=f"{file}: {name}.hold")
    script = _own_script(checkout, name) if entry.script is None else None
    wanted = entry.script or (_HEALTH_CHECK_SCRIPT if name == HEALTH_CHECK else _WORKLOAD_SCRIPT)
    script = script or _script(checkout, wanted)
    if script is None:
        raise UsageFailure(
            f"{file}: {name}: there is no script {wanted} in {checkout.own_scripts} "
            "or among the built-in ones"
        )
    return Scenario(
        name=name,
        description=entry.description,
        think_time_seconds=entry.think_time_seconds,
        in_all=entry.in_all,
        options=entry.options,
        duration_seconds=entry.options.seconds,
        script=script,
        hold_seconds=hold,
        workload=entry.workload or "",
        faults=entry.faults,
    )


def _own_script(checkout: Checkout, scenario: str) -> Path | None:
    """Return the pipeline's own script that has the name of a scenario."""
    own = checkout.own_scripts / (
        _HEALTH_CHECK_SCRIPT if scenario == HEALTH_CHECK else f"{scenario}-test.js"
    )
    return own if own.is_file() else None


def _script(checkout: Checkout, name: str) -> Path | None:
    """Return the pipeline's own script, else the built-in one."""
    candidates = (checkout.own_scripts / name, checkout.scripts / name)
    return next((path for path in candidates if path.is_file()), None)
