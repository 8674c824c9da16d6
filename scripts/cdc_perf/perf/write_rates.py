"""How much a scenario writes, at most, in a line for people."""

from cdc_perf.load.k6 import Shape
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    LoadShape,
    Observation,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
)
from cdc_perf.settings.scenarios import Scenario
from cdc_perf.wording import counted


def write_rate(scenario: Scenario, shape: Shape) -> str:
    """Return a scenario's load: `baseline: at most 20 iterations/s for 5m, 10 VUs`.

    An iteration writes one transaction, in most scenarios of one row.
    """
    length = format_duration(shape.seconds)
    return f"{scenario.name}: {_rate(shape.options, scenario.think_time_seconds)} for {length}"


def _rate(executor: LoadShape, think_seconds: float) -> str:
    match executor:
        case Observation():
            return "writes nothing"
        case PerVuIterations():
            return counted(executor.vus * executor.iterations, "iteration")
        case ConstantArrivalRate():
            per_second = executor.iterations / executor.seconds
        case RampingArrivalRate():
            most = max(executor.start_rate, *(stage.target for stage in executor.stages))
            per_second = most / executor.unit_seconds
        case ConstantVus() | RampingVus():
            vus = (
                executor.vus
                if isinstance(executor, ConstantVus)
                else max(executor.start_vus, *(stage.target for stage in executor.stages))
            )
            if not think_seconds:
                return f"{counted(vus, 'VU')}, as fast as PostgreSQL commits,"
            per_second = vus / think_seconds
    return f"at most {per_second:,.4g} iterations/s on average"
