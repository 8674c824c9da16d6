import pytest

from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    asked_iterations,
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
    assert asked_iterations(executor, where="x") == asked


def test_virtual_users_ask_for_none() -> None:
    assert asked_iterations(ConstantVus(vus=1, duration="1s"), where="x") is None
    fixed = PerVuIterations(vus=1, iterations=1, max_duration="1s")
    assert asked_iterations(fixed, where="x") is None
