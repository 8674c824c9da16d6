"""Faults injected into a real pipeline under load: the proof, the recovery, and the verdict."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.recovery import (
    CATCH_UP,
    DETECTION,
    LATENCY,
    OUTAGE,
    STALENESS,
)
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.faults.named_loss import expect_named_loss
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

LIMITS = {
    "cdc_e2e_latency": {"p50": 2000},
    "cdc_success_rate": {"rate": 0.9},
}
RECOVERY = {"default": {"lost": 0, "outage_seconds": 60}}
# What the proof of each must name.
LISTED = {
    "kill:connect": "ended by SIGKILL",
    "freeze:consumer": "in state T (stopped)",
    "terminate:walsender": "which read from the slot cdc_slot, ended",
    "connector:paused": "as PAUSED",
}
SHORT = {"freeze:consumer": {"duration": "3s"}, "connector:paused": {"duration": "3s"}}


@pytest.fixture(scope="module")
def inv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inv]:
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("faults") / "checkout"))
    inv.set_limits({"baseline": LIMITS, "resilience": LIMITS, "recovery": RECOVERY})
    assert inv("up").exit_code == ExitCode.PASS
    yield inv
    inv("down")


def recoveries_of(run: Path, scenario: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(run / scenario / "recovery.json")["recoveries"]
    return found


def value(recovery: dict[str, Any], measure: str) -> float:
    found = recovery["measures"][measure]
    assert found["value"] is not None, found
    return float(found["value"])


def test_each_fault_of_a_list_is_proved_and_recovered_from(inv: Inv) -> None:
    inv.checkout.own_faults_file.write_text(json.dumps(SHORT))
    own = inv.checkout.own_scenarios_file
    scenarios = read(own) if own.exists() else {}
    own.write_text(json.dumps({**scenarios, "resilience": {"faults": list(LISTED)}}))
    completed = inv.measured("--scenarios", "resilience")
    run = inv.run_of(completed)
    verdict = read(run / "resilience" / "verdict.json")
    assert completed.exit_code == ExitCode.PASS, completed.output
    found = recoveries_of(run, "resilience")
    assert [each["injection"]["fault"] for each in found] == list(LISTED)
    for each in found:
        fault = each["injection"]["fault"]
        assert LISTED[fault] in each["injection"]["proof"]
        # k6 ends long before its 25 minutes.
        assert each["end"] - each["began"] < 120
        assert value(each, CATCH_UP) <= each["end"] - each["began"]
        assert f"outage_seconds{{fault:{fault}}}" in {x["metric"] for x in verdict["thresholds"]}
    by_name = {each["injection"]["fault"]: each for each in found}
    killed = by_name["kill:connect"]
    assert 1 < value(killed, OUTAGE) < 30
    assert value(killed, DETECTION) < value(killed, OUTAGE)
    assert value(killed, STALENESS) == pytest.approx(value(killed, OUTAGE), abs=2)
    assert value(by_name["freeze:consumer"], OUTAGE) > 2
    assert value(by_name["connector:paused"], OUTAGE) > 2
    assert by_name["connector:paused"]["injection"]["signal"]
    assert "kill:connect" in completed.output
    assert "fault 1 of 4 (kill:connect)" in completed.output
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "Recovery from faults" in report


def test_a_fault_at_a_time_of_a_scenario(inv: Inv) -> None:
    completed = inv.measured(
        *("--scenarios", "baseline", "--duration", "45s", "--fault", "kill:consumer@15s")
    )
    assert completed.exit_code == ExitCode.PASS, completed.output
    run = inv.run_of(completed)
    (found,) = recoveries_of(run, "baseline")
    assert found["injection"]["fault"] == "kill:consumer"
    assert value(found, OUTAGE) > 1
    assert value(found, LATENCY) > 0
    (gate,) = (x for x in read(run / "baseline" / "verdict.json")["gates"] if x["name"] == "faults")
    assert gate["ok"] is True


def test_an_interruption_undoes_the_fault(inv: Inv) -> None:
    known = inv.runs()
    running = inv.start(
        *("perf", "--scenarios", "baseline", "--duration", "60s", "--fault", "freeze:kafka@5s")
    )
    inv.wait_for_load("baseline", known)
    status = json.loads(inv("status", "--json").output)
    broker = psutil.Process(next(x["pid"] for x in status if x["name"] == "kafka"))

    def frozen() -> None:
        if broker.status() != psutil.STATUS_STOPPED:
            raise NotReady(f"the broker is {broker.status()}")

    wait_until(frozen, what="the fault", deadline_seconds=30)
    running.signal(signal.SIGINT)
    assert running.ended_within(60)
    assert running.wait().exit_code == ExitCode.INTERRUPTED
    assert broker.status() != psutil.STATUS_STOPPED


def test_a_dropped_slot_loses_rows_and_they_are_named(inv: Inv) -> None:
    completed = inv.measured(
        *("--scenarios", "baseline", "--duration", "45s", "--fault", "slot:dropped@15s")
    )
    expect_named_loss(inv, completed, "slot:dropped")
