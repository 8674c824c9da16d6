import msgspec
import pytest

from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Stage,
    same_load,
    warm_up_seconds,
)

STAGES = (Stage("30s", 10), Stage("1m30s", 0))
RAMP = RampingArrivalRate(
    start_rate=0, time_unit="500ms", pre_allocated_vus=1, max_vus=1, stages=STAGES
)


@pytest.mark.parametrize(
    ("rate", "unit", "duration", "asked"),
    [(10, "1s", "5m", 3000), (30, "1m", "90s", 45), (3, "500ms", "1500ms", 9)],
)
def test_a_constant_arrival_rate_asks_for_iterations(
    rate: int, unit: str, duration: str, asked: float
) -> None:
    executor = ConstantArrivalRate(
        rate=rate, time_unit=unit, duration=duration, pre_allocated_vus=1, max_vus=1
    )
    assert executor.iterations == asked


@pytest.mark.parametrize(
    ("executor", "seconds", "warm_up"),
    [
        (ConstantVus(vus=1, duration="1m"), 60, 6),
        (ConstantVus(vus=1, duration="2h"), 7200, 30),
        (RampingVus(start_vus=0, stages=STAGES), 120, 12),
        (RAMP, 120, 12),
        # Iterations bound it, so there is no steady phase to wait for.
        (PerVuIterations(vus=1, iterations=1, max_duration="1m"), 60, 0),
    ],
)
def test_a_load_has_a_length_and_a_warm_up(
    executor: Executor, seconds: float, warm_up: float
) -> None:
    assert executor.seconds == seconds
    assert warm_up_seconds(executor) == pytest.approx(warm_up)


def test_the_unit_of_a_rate_is_read_once() -> None:
    assert RAMP.unit_seconds == 0.5


def test_durations_that_are_written_differently_are_the_same_load() -> None:
    assert same_load(ConstantVus(vus=1, duration="5m"), ConstantVus(vus=1, duration="5m0s"))
    assert not same_load(ConstantVus(vus=1, duration="5m"), ConstantVus(vus=1, duration="6m"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"executor": "constant-vus", "vus": 1, "duration": "1d"}, "duration: '1d' is not"),
        (
            {"executor": "ramping-vus", "startVUs": 0, "stages": [{"duration": "1m", "target": 0}]},
            "stages: no target is above 0",
        ),
        (
            {
                "executor": "ramping-vus",
                "startVUs": 0,
                "stages": [{"duration": "0s", "target": 1}],
            },
            r"duration: '0s' .*\$.stages\[0\]",
        ),
        ({**msgspec.to_builtins(RAMP), "timeUnit": "s"}, "timeUnit: 's' is not a duration"),
        ({**msgspec.to_builtins(RAMP), "preAllocatedVUs": 2}, "maxVUs: must be at least"),
    ],
)
def test_an_impossible_shape_is_refused_when_it_is_read(
    content: dict[str, object], said: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(content, Executor)
