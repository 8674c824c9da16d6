"""`inv perf --scenarios breakpoint`: the ramp, then the rate that is held."""

import json
import re
from collections.abc import Iterator

import duckdb
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.local.backend import LocalStack
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

# A rate that any machine makes, so that the ramp ends without a break.
HIGHEST = 40
LIMITS = {
    "cdc_e2e_latency": {"p95": 20_000},
    "cdc_success_rate": {"rate": 0.9},
    "consumer_lag": {"max": 1_000_000},
    "held_rate": {"value": 20},
}


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Iterator[Inv]:
    before = {
        path: path.read_bytes() for path in (checkout.thresholds_file, checkout.scenarios_file)
    }
    scenarios = json.loads(before[checkout.scenarios_file])
    options = scenarios["breakpoint"]["options"]
    options |= {"startRate": 10, "stages": [{"duration": "10s", "target": HIGHEST}]}
    options |= {"preAllocatedVUs": 50, "maxVUs": 100}
    scenarios["breakpoint"]["hold"] = "10s"
    checkout.scenarios_file.write_text(json.dumps(scenarios), encoding="utf-8")
    yield Inv(checkout)
    for path, content in before.items():
        path.write_bytes(content)


def test_what_the_ramp_found_is_held(inv: Inv) -> None:
    inv.set_limits({"breakpoint": LIMITS})
    completed = inv.measured("--scenarios", "breakpoint")
    assert completed.exit_code == ExitCode.PASS, completed.output
    folder = inv.run_of(completed) / "breakpoint"
    verdict = read(folder / "verdict.json")
    gates = {gate["name"]: gate["observed"] for gate in verdict["gates"]}
    told = re.fullmatch(
        r"the ramp ended at (\d+) iterations/s without a broken threshold; held (\d+)/s for 10s",
        gates["ramp"],
    )
    assert told, gates["ramp"]
    highest, held = int(told[1]), int(told[2])
    # On a busy machine the last iterations end after the ramp, in a window of their own.
    assert highest in (25, HIGHEST)
    assert held == round(0.9 * highest)
    assert gates["stack_samples"].startswith("at least ")
    observed = {x["metric"]: x["observed"] for x in verdict["thresholds"]}
    assert observed["held_rate"] == held
    # The scenario's own files are those of the hold; the ramp's are beside them.
    iterations = read(folder / "summary.json")["metrics"]["iterations"]["values"]["count"]
    assert abs(iterations - 10 * held) <= 1
    assert (folder / "ramp" / "points.json.gz").exists()
    gauges = dict(
        duckdb.execute(
            "SELECT metric, count(*) FROM read_parquet($1) WHERE type = 'gauge' GROUP BY ALL",
            [str(folder / "series.parquet")],
        ).fetchall()
    )
    stack = {f"{what}_{name}" for name in (*COMPONENTS, "k6") for what in ("cpu", "memory")}
    assert gauges.keys() >= {"consumer_lag", "slot_retained_bytes", *stack}
    assert all(gauges[name] >= 8 for name in stack)


def test_a_rate_at_which_no_limit_holds_is_a_fail(inv: Inv) -> None:
    inv.set_limits({"breakpoint": {**LIMITS, "cdc_e2e_latency": {"p95": 0.001}}})
    completed = inv.measured("--scenarios", "breakpoint")
    assert completed.exit_code == ExitCode.FAIL, completed.output
    assert "no rate was held; the ramp broke at 10 iterations/s: cdc_e2e_latency p95" in (
        completed.output
    )


def test_a_stack_that_does_not_tell_its_lag_is_no_data(inv: Inv) -> None:
    inv.set_limits({"baseline": {"lag_recovery_seconds": {"value": 60}}})
    completed = inv.measured("--scenarios", "baseline", "--duration", "5s")
    assert completed.exit_code == ExitCode.NO_DATA, completed.output
    assert "lag_recovery_seconds needs a load that rises to a peak and falls again" in (
        completed.output
    )
