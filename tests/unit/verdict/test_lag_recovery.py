import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Stage,
)
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.verdict.lag_recovery import LagRecovery, lag_recovery


def ramping(start: int, *stages: tuple[int, int]) -> RampingVus:
    """Return the load that goes from `start` to each target in so many seconds."""
    return RampingVus(
        start_vus=start, stages=tuple(Stage(f"{seconds}s", target) for seconds, target in stages)
    )


SPIKE = ramping(10, (30, 10), (10, 500), (30, 500), (10, 10), (40, 10))


def each_second(lag: list[float], start: int = 0) -> list[tuple[float, float]]:
    return [(float(start + index), value) for index, value in enumerate(lag)]


def spike_with(back_after: int) -> list[tuple[float, float]]:
    """Return the lag of a spike: 20 at most before, 900 at most, back after so many seconds."""
    before = [15.0, 20.0] * 15
    return each_second(before + [900.0] * (40 + back_after) + [20.0] * (50 - back_after))


@given(st.integers(0, 49))
def test_the_time_counts_from_where_the_load_begins_to_fall(back_after: int) -> None:
    assert lag_recovery(SPIKE, spike_with(back_after)) == LagRecovery(
        seconds=back_after,
        above_seconds=max(0, back_after - 1),
        watched_seconds=49,
        level=20,
        samples_before=30,
    )


def test_a_lag_that_does_not_come_back_says_how_long_it_was_watched() -> None:
    assert lag_recovery(SPIKE, spike_with(50)) == LagRecovery(
        seconds=None, above_seconds=49, watched_seconds=49, level=20, samples_before=30
    )


def test_just_above_the_level_is_not_back() -> None:
    lag = [(0.0, 20.0), (75.0, 20.000001), (76.5, 20.0)]
    found = lag_recovery(SPIKE, lag)
    assert found == LagRecovery(
        seconds=6.5, above_seconds=5, watched_seconds=6.5, level=20, samples_before=1
    )


def test_what_the_rise_brings_is_no_level() -> None:
    samples = [(29.0, 20.0), (30.0, 100.0), (69.0, 5.0), (70.0, 100.0), (80.0, 20.0)]
    found = lag_recovery(SPIKE, samples)
    assert found is not None
    assert (found.level, found.seconds) == (20, 10)


@pytest.mark.parametrize(
    ("load", "rise", "fall"),
    [
        pytest.param(ramping(10, (30, 10), (10, 50), (5, 10)), 30, 40, id="without a hold"),
        pytest.param(ramping(10, (20, 9), (5, 20), (5, 50), (9, 9)), 20, 30, id="in two steps"),
        pytest.param(
            ramping(10, (9, 5), (5, 20), (7, 20), (5, 50), (9, 9)), 21, 26, id="with a landing"
        ),
        pytest.param(ramping(5, (10, 5), (5, 50), (5, 5), (5, 50), (5, 5)), 10, 25, id="two peaks"),
        pytest.param(
            RampingArrivalRate(
                start_rate=5,
                time_unit="1m",
                pre_allocated_vus=1,
                max_vus=1,
                stages=(Stage("1m", 5), Stage("500ms", 9), Stage("1m", 0)),
            ),
            60,
            60.5,
            id="an arrival rate",
        ),
    ],
)
def test_the_rise_and_the_fall_of_a_load(load: Executor, rise: float, fall: float) -> None:
    edge = 0.001
    samples = [(0, 1.0), (rise - edge, 2.0), (rise, 99.0), (fall - edge, 0.0), (fall, 2.0)]
    assert lag_recovery(load, samples) == LagRecovery(
        seconds=0, above_seconds=0, watched_seconds=0, level=2, samples_before=2
    )


@pytest.mark.parametrize(
    "load",
    [
        ConstantVus(vus=1, duration="1m"),
        PerVuIterations(vus=1, iterations=1, max_duration="1m"),
        ConstantArrivalRate(rate=1, time_unit="1s", duration="1m", pre_allocated_vus=1, max_vus=1),
        ramping(0, (30, 50), (30, 50), (30, 0)),
        ramping(0, (9, 50), (9, 100), (9, 150), (9, 100), (9, 0)),
        ramping(5, (30, 5), (30, 50)),
        ramping(50, (30, 5), (30, 4)),
        ramping(5, (30, 5), (30, 5)),
    ],
    ids=["users", "iterations", "rate", "from 0", "steps", "up", "down", "flat"],
)
def test_a_load_without_a_peak_has_nothing_to_recover_from(load: Executor) -> None:
    assert lag_recovery(load, each_second([1.0] * 200)) is None


@pytest.mark.parametrize(
    "samples",
    [[], each_second([1.0] * 70), each_second([1.0] * 90, start=30)],
    ids=["none", "none after", "none before"],
)
def test_without_samples_on_both_sides_nothing_is_reported(
    samples: list[tuple[float, float]],
) -> None:
    assert lag_recovery(SPIKE, samples) is None


def test_of_the_committed_scenarios_the_spike_alone_has_a_peak() -> None:
    scenarios = load_scenarios(Checkout.here()).every
    lag = each_second([1.0] * 7200)
    assert [s.name for s in scenarios if lag_recovery(s.options, lag)] == ["spike"]
