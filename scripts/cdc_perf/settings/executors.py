"""The load shapes that k6 can drive, as its scenario options name them.

https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/
"""

from typing import Annotated, Any, assert_never

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import parse_duration

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]

# As in k6/scripts/lib/options.js.
_WARM_UP_SHARE = 0.1
_LONGEST_WARM_UP_SECONDS = 30.0
_DURATIONS = frozenset({"duration", "maxDuration", "timeUnit"})


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A straight ramp to `target` virtual users, or iterations a time unit, in `duration`."""

    duration: str
    target: NotNegative


Stages = Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1)]


class _Executor(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="executor", rename="camel"
):
    """What all executors have in common: k6's spelling, and nothing that is not known here."""


class PerVuIterations(_Executor, frozen=True, tag="per-vu-iterations"):
    """A fixed number of iterations by each virtual user."""

    vus: AtLeastOne
    iterations: AtLeastOne
    max_duration: str


class ConstantVus(_Executor, frozen=True, tag="constant-vus"):
    """A fixed number of virtual users, each iterating as fast as it can."""

    vus: AtLeastOne
    duration: str


class RampingVus(_Executor, frozen=True, tag="ramping-vus"):
    """A number of virtual users that changes stage by stage."""

    start_vus: NotNegative = msgspec.field(name="startVUs")
    stages: Stages


class ConstantArrivalRate(_Executor, frozen=True, tag="constant-arrival-rate"):
    """Iterations started at a fixed rate, however long each takes."""

    rate: AtLeastOne
    time_unit: str
    duration: str
    pre_allocated_vus: AtLeastOne = msgspec.field(name="preAllocatedVUs")
    max_vus: AtLeastOne = msgspec.field(name="maxVUs")


class RampingArrivalRate(_Executor, frozen=True, tag="ramping-arrival-rate"):
    """Iterations started at a rate that changes stage by stage."""

    start_rate: NotNegative
    time_unit: str
    pre_allocated_vus: AtLeastOne = msgspec.field(name="preAllocatedVUs")
    max_vus: AtLeastOne = msgspec.field(name="maxVUs")
    stages: Stages


Executor = PerVuIterations | ConstantVus | RampingVus | ConstantArrivalRate | RampingArrivalRate


def total_seconds(executor: Executor, *, where: str) -> float:
    """Return how long the load lasts; for a fixed number of iterations, how long it may last.

    Args:
        executor: The shape.
        where: The file and place of the shape, for an error.

    Raises:
        UsageFailure: One of its durations is not one.
    """
    match executor:
        case ConstantVus() | ConstantArrivalRate():
            return parse_duration(executor.duration, where=f"{where}.duration")
        case RampingVus() | RampingArrivalRate():
            return sum(
                parse_duration(stage.duration, where=f"{where}.stages[{index}].duration")
                for index, stage in enumerate(executor.stages)
            )
        case PerVuIterations():
            return parse_duration(executor.max_duration, where=f"{where}.maxDuration")
        case _:
            assert_never(executor)


def warm_up_seconds(executor: Executor, *, where: str) -> float:
    """Return how long the warm-up of a scenario lasts; `where` is for an error.

    Raises:
        UsageFailure: A duration is not one.
    """
    return min(_LONGEST_WARM_UP_SECONDS, _WARM_UP_SHARE * total_seconds(executor, where=where))


def fault(executor: Executor, *, where: str) -> str:
    """Return what makes this shape impossible, with its place within `where`; empty if nothing.

    Raises:
        UsageFailure: The time unit is not a duration.
    """
    if isinstance(executor, ConstantArrivalRate | RampingArrivalRate):
        parse_duration(executor.time_unit, where=f"{where}.timeUnit")
        if executor.max_vus < executor.pre_allocated_vus:
            return f".maxVUs: must be at least preAllocatedVUs, {executor.pre_allocated_vus}"
    if isinstance(executor, RampingVus | RampingArrivalRate):
        start = executor.start_vus if isinstance(executor, RampingVus) else executor.start_rate
        if max(start, *(stage.target for stage in executor.stages)) == 0:
            return ".stages: never rises above 0, so nothing would run"
    return ""


def same_load(one: Executor, other: Executor) -> bool:
    """Whether two shapes are the same load, however their durations are written: `5m`, `5m0s`.

    A shape whose duration is not one is the same as no other.
    """
    try:
        return _in_seconds(msgspec.to_builtins(one)) == _in_seconds(msgspec.to_builtins(other))
    except UsageFailure:
        return False


def _in_seconds(content: Any) -> object:  # noqa: ANN401 - what msgspec makes of a shape
    """Return a shape with every duration in it as seconds.

    Raises:
        UsageFailure: One of them is not a duration.
    """
    if isinstance(content, dict):
        return {
            key: parse_duration(value, where=key) if key in _DURATIONS else _in_seconds(value)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_in_seconds(each) for each in content]
    return content


def asked_iterations(executor: Executor, *, where: str) -> float | None:
    """Return how many iterations a constant arrival rate asks for; None for any other shape.

    With virtual users their number depends on how fast the pipeline is, and a rate that rises until
    a limit breaks ends when that is.

    Args:
        executor: The shape.
        where: The file and place of the shape, for an error.

    Raises:
        UsageFailure: One of its durations is not one.
    """
    if not isinstance(executor, ConstantArrivalRate):
        return None
    unit = parse_duration(executor.time_unit, where=f"{where}.timeUnit")
    return executor.rate * total_seconds(executor, where=where) / unit
