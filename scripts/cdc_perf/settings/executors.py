"""The load shapes that k6 can run, named as in its scenario options, and the lack of a load.

https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/
"""

from typing import Annotated, Any

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import parse_duration

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]

_WARM_UP_SHARE = 0.1
_LONGEST_WARM_UP_SECONDS = 30.0
_DURATIONS = frozenset({"duration", "maxDuration", "timeUnit"})


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A linear ramp to `target` virtual users, or iterations per time unit, within `duration`.

    Raises:
        ValueError: `duration` is not a duration.
    """

    duration: str
    target: NotNegative

    def __post_init__(self) -> None:
        """Check the duration."""
        _check_durations(duration=self.duration)

    @property
    def seconds(self) -> float:
        """How long the ramp takes."""
        return _seconds(self.duration)


Stages = Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1)]


class _Executor(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="executor", rename="camel"
):
    """The base of all executors: k6's spelling, and no unknown option.

    Raises:
        ValueError: A duration is malformed, or the shape is impossible.
    """


class PerVuIterations(_Executor, frozen=True, tag="per-vu-iterations"):
    """A fixed number of iterations per virtual user."""

    vus: AtLeastOne
    iterations: AtLeastOne
    max_duration: str

    def __post_init__(self) -> None:
        """Reject an impossible shape."""
        _check_durations(maxDuration=self.max_duration)

    @property
    def seconds(self) -> float:
        """The maximum duration of the load; it ends earlier when the iterations are done."""
        return _seconds(self.max_duration)


class ConstantVus(_Executor, frozen=True, tag="constant-vus"):
    """A fixed number of virtual users, each iterating as fast as it can."""

    vus: AtLeastOne
    duration: str

    def __post_init__(self) -> None:
        """Reject an impossible shape."""
        _check_durations(duration=self.duration)

    @property
    def seconds(self) -> float:
        """How long the load lasts."""
        return _seconds(self.duration)


class RampingVus(_Executor, frozen=True, tag="ramping-vus"):
    """A number of virtual users that changes stage by stage."""

    start_vus: NotNegative = msgspec.field(name="startVUs")
    stages: Stages

    def __post_init__(self) -> None:
        """Reject an impossible shape."""
        _check_rise(self.start_vus, self.stages)

    @property
    def seconds(self) -> float:
        """How long the load lasts."""
        return sum(stage.seconds for stage in self.stages)


class ConstantArrivalRate(_Executor, frozen=True, tag="constant-arrival-rate"):
    """Iterations started at a fixed rate, however long each takes."""

    rate: AtLeastOne
    time_unit: str
    duration: str
    pre_allocated_vus: AtLeastOne = msgspec.field(name="preAllocatedVUs")
    max_vus: AtLeastOne = msgspec.field(name="maxVUs")

    def __post_init__(self) -> None:
        """Reject an impossible shape."""
        _check_durations(timeUnit=self.time_unit, duration=self.duration)
        _check_vus(self.pre_allocated_vus, self.max_vus)

    @property
    def seconds(self) -> float:
        """How long the load lasts."""
        return _seconds(self.duration)

    @property
    def iterations(self) -> float:
        """The number of iterations that the rate implies over the whole load."""
        return self.rate * self.seconds / _seconds(self.time_unit)


class RampingArrivalRate(_Executor, frozen=True, tag="ramping-arrival-rate"):
    """Iterations started at a rate that changes stage by stage."""

    start_rate: NotNegative
    time_unit: str
    pre_allocated_vus: AtLeastOne = msgspec.field(name="preAllocatedVUs")
    max_vus: AtLeastOne = msgspec.field(name="maxVUs")
    stages: Stages

    def __post_init__(self) -> None:
        """Reject an impossible shape."""
        _check_durations(timeUnit=self.time_unit)
        _check_vus(self.pre_allocated_vus, self.max_vus)
        _check_rise(self.start_rate, self.stages)

    @property
    def seconds(self) -> float:
        """How long the load lasts."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def unit_seconds(self) -> float:
        """The seconds per time unit of the rates, such as 1 for iterations per second."""
        return _seconds(self.time_unit)


class Observation(_Executor, frozen=True, tag="observation"):
    """No load: what is measured is the traffic of others, for this long."""

    duration: str

    def __post_init__(self) -> None:
        """Reject what is no duration."""
        _check_durations(duration=self.duration)

    @property
    def seconds(self) -> float:
        """How long the pipeline is observed."""
        return _seconds(self.duration)


# What k6 runs; and what a scenario of a run may be.
Executor = PerVuIterations | ConstantVus | RampingVus | ConstantArrivalRate | RampingArrivalRate
LoadShape = Executor | Observation


def warm_up_seconds(executor: LoadShape) -> float:
    """Return the length of a scenario's warm-up: 0 for a fixed number of iterations.

    The k6 scripts tag samples by the same rule (k6/scripts/lib/options.js). An observation has
    none: the load that it sees has run for an unknown time.
    """
    if isinstance(executor, PerVuIterations | Observation):
        return 0.0
    return min(_LONGEST_WARM_UP_SECONDS, _WARM_UP_SHARE * executor.seconds)


def same_load(one: LoadShape, other: LoadShape) -> bool:
    """Return whether two shapes are the same load, however durations are written: `5m`, `5m0s`."""
    return _in_seconds(msgspec.to_builtins(one)) == _in_seconds(msgspec.to_builtins(other))


def _in_seconds(content: Any) -> object:  # noqa: ANN401 - a shape as msgspec's builtins
    """Return a shape with each of its durations in seconds."""
    if isinstance(content, dict):
        return {
            key: _seconds(value) if key in _DURATIONS else _in_seconds(value)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_in_seconds(each) for each in content]
    return content


def _seconds(duration: str) -> float:
    """Return the seconds of a duration that was already checked."""
    return parse_duration(duration, where="duration")


def _check_durations(**durations: str) -> None:
    for option, text in durations.items():
        try:
            parse_duration(text, where=option)
        except UsageFailure as failure:
            raise ValueError(failure.message) from None


def _check_vus(pre_allocated: int, most: int) -> None:
    if most < pre_allocated:
        raise ValueError(f"maxVUs: must be at least preAllocatedVUs, {pre_allocated}")


def _check_rise(start: int, stages: Stages) -> None:
    if max(start, *(stage.target for stage in stages)) == 0:
        raise ValueError("stages: no target is above 0, so nothing would run")
