"""The load shapes: scenarios.json."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import parse_duration
from cdc_perf.settings.executors import Executor, RampingArrivalRate
from cdc_perf.settings.files import read_json, typed
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout

HEALTH_CHECK = "health-check"
ALL = "all"

# A name becomes a file, a nox session, a job and a key of thresholds.json, where these words mean
# something else.
MOST_HOLDS = 3
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = frozenset({ALL, "default", "environments"})


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    description: Annotated[str, msgspec.Meta(min_length=1)]
    think_time_seconds: Annotated[float, msgspec.Meta(ge=0)]
    in_all: bool
    options: Executor
    hold: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One load shape.

    Attributes:
        name: Its name on the command line.
        description: A line for people.
        think_time_seconds: The pause of a virtual user between two iterations.
        in_all: Whether `all` means it too.
        options: The shape as committed, before any override.
        duration_seconds: The shape's total; the longest it may take for a fixed number of
            iterations.
        script: The k6 script, which exists.
        hold_seconds: Of a rising arrival rate: for how long the highest rate that it shows is held
            afterwards, up to three times; None of the others.
    """

    name: str
    description: str
    think_time_seconds: float
    in_all: bool
    options: Executor
    duration_seconds: float
    script: Path
    hold_seconds: float | None = None

    @property
    def longest_seconds(self) -> float:
        """How long its load may last in all."""
        return self.duration_seconds + MOST_HOLDS * (self.hold_seconds or 0.0)


@dataclass(frozen=True)
class Scenarios:
    """Every scenario, in the order of the file."""

    every: tuple[Scenario, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the file."""
        return tuple(scenario.name for scenario in self.every)

    def get(self, name: str, *, option: str = "--scenarios") -> Scenario:
        """Return the scenario of that name, which the user gave with that option.

        Raises:
            UsageFailure: There is none; the line lists the nearest.
        """
        for scenario in self.every:
            if scenario.name == name:
                return scenario
        known = (*self.names, ALL) if option == "--scenarios" else self.names
        raise UsageFailure(f"{option}: unknown scenario {name!r}; {nearest(name, known)}")

    def select(self, names: str) -> tuple[Scenario, ...]:
        """Return the scenarios that a list such as `baseline,e2e-latency` names.

        They come in the order of the list, each once. `all` stands for those that run in CI time,
        in the order of the file.

        Raises:
            UsageFailure: The list names nothing, or a scenario that there is not.
        """
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        if not wanted:
            raise UsageFailure(
                f"--scenarios: no scenario is named; known: {', '.join((*self.names, ALL))}"
            )
        chosen: dict[str, Scenario] = {}
        for name in wanted:
            found = [s for s in self.every if s.in_all] if name == ALL else [self.get(name)]
            chosen |= {scenario.name: scenario for scenario in found}
        if not chosen:
            raise UsageFailure("--scenarios: no scenario in scenarios.json has in_all set")
        return tuple(chosen.values())


def load_scenarios(checkout: Checkout) -> Scenarios:
    """Return the scenarios of scenarios.json.

    Raises:
        UsageFailure: The file is missing or wrong, or a scenario's script does not exist.
    """
    path = checkout.scenarios_file
    entries = typed(read_json(path), dict[str, object], file=path.name)
    if not entries:
        raise UsageFailure(f"{path.name}: has no scenario")
    return Scenarios(tuple(_scenario(checkout, name, entry) for name, entry in entries.items()))


def _scenario(checkout: Checkout, name: str, content: object) -> Scenario:
    file = checkout.scenarios_file.name
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise UsageFailure(
            f"{file}: {name}: is no name for a scenario; write it like e2e-latency, "
            f"and not {', '.join(sorted(_RESERVED))}"
        )
    entry = typed(content, _Entry, file=file, place=name)
    hold = None
    if entry.hold is not None:
        if not isinstance(entry.options, RampingArrivalRate):
            raise UsageFailure(f"{file}: {name}.hold: only a ramping arrival rate can be held")
        hold = parse_duration(entry.hold, where=f"{file}: {name}.hold")
    script = checkout.scripts / f"{name}{'' if name == HEALTH_CHECK else '-test'}.js"
    if not script.is_file():
        raise UsageFailure(
            f"{file}: {name}: its script {script.relative_to(checkout.root)} does not exist"
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
    )
