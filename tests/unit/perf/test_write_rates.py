from pathlib import Path

import pytest

from cdc_perf.load.k6 import Shape
from cdc_perf.perf.write_rates import write_rate
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Stage,
)
from cdc_perf.settings.scenarios import Scenario


@pytest.mark.parametrize(
    ("executor", "think", "rate"),
    [
        (PerVuIterations(vus=2, iterations=3, max_duration="1m"), 1, "6 iterations"),
        (ConstantVus(vus=10, duration="1m"), 0.5, "at most 20 iterations/s on average"),
        (ConstantVus(vus=1, duration="1m"), 0, "1 VU, as fast as PostgreSQL commits,"),
        (
            RampingVus(start_vus=10, stages=(Stage("1m", 500), Stage("1m", 10))),
            2,
            "at most 250 iterations/s on average",
        ),
        (
            ConstantArrivalRate(
                rate=600, time_unit="1m", duration="1m", pre_allocated_vus=1, max_vus=9
            ),
            0,
            "at most 10 iterations/s on average",
        ),
        (
            RampingArrivalRate(
                start_rate=1,
                time_unit="1s",
                pre_allocated_vus=1,
                max_vus=9,
                stages=(Stage("1m", 2_000),),
            ),
            0,
            "at most 2,000 iterations/s on average",
        ),
    ],
)
def test_the_rate_is_an_upper_bound(executor: Executor, think: float, rate: str) -> None:
    scenario = Scenario(
        name="x",
        description="",
        think_time_seconds=think,
        in_all=False,
        options=executor,
        duration_seconds=60,
        script=Path("x.js"),
    )
    assert write_rate(scenario, Shape(executor, 60, 1)) == f"x: {rate} for 1m"
