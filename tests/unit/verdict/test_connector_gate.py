"""What the state of the connector after the load comes to."""

from collections.abc import Sequence

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.verdict.gates import connector_gate
from tests.unit.measured import event

OPERATED = (ComponentEvent("connect", "ended", by_operator=True, log=()),)
DIED = (event("connect", "ended"),)


@pytest.mark.parametrize(
    ("condition", "events", "ok", "code", "certain"),
    [
        (Condition.RUNNING, (), True, ExitCode.PASS, False),
        (Condition.UNKNOWN, (), None, ExitCode.PASS, False),
        (Condition.FAILED, (), False, ExitCode.FAIL, True),
        (Condition.FAILED, None, False, ExitCode.FAIL, True),
        (Condition.FAILED, DIED, False, ExitCode.FAIL, True),
        (Condition.FAILED, OPERATED, False, ExitCode.FAIL, False),
        (Condition.PAUSED, (), False, ExitCode.FAIL, True),
        (Condition.STOPPED, (), False, ExitCode.FAIL, True),
        (Condition.ABSENT, (), False, ExitCode.FAIL, True),
        (Condition.NO_TASKS, (), False, ExitCode.FAIL, False),
        (Condition.UNASSIGNED, (), False, ExitCode.FAIL, False),
    ],
)
def test_a_connector_that_does_not_run_fails_the_scenario(
    condition: Condition,
    events: Sequence[ComponentEvent] | None,
    *,
    ok: bool | None,
    code: ExitCode,
    certain: bool,
) -> None:
    gate = connector_gate([ConnectorHealth("cdc", condition, "x", "y")], events)
    assert (gate.result.ok, gate.code, gate.result.overrides_invalid) == (ok, code, certain)
    assert bool(gate.reasons) is (ok is False)
    assert all(reason.params == {"problem": "x", "remedy": "y"} for reason in gate.reasons)


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Condition.FAILED, "connector_failed"),
        (Condition.PAUSED, "connector_halted"),
        (Condition.STOPPED, "connector_halted"),
        (Condition.ABSENT, "connector_absent"),
        (Condition.NO_TASKS, "connector_without_task"),
        (Condition.UNASSIGNED, "connector_not_running"),
    ],
)
def test_each_condition_has_its_code(condition: Condition, code: str) -> None:
    gate = connector_gate([ConnectorHealth("cdc", condition, "x", "y")])
    assert [reason.code for reason in gate.reasons] == [code]


def test_without_an_address_it_is_unknown() -> None:
    gate = connector_gate(())
    assert (gate.result.ok, gate.code) == (None, ExitCode.PASS)


SOURCE = ConnectorHealth("source", Condition.RUNNING)


def sink(condition: Condition) -> ConnectorHealth:
    return ConnectorHealth("sink", condition, f"connector sink: {condition}", "y")


def test_a_failed_sink_connector_fails_the_scenario_with_its_cause() -> None:
    gate = connector_gate([SOURCE, sink(Condition.FAILED)])
    assert (gate.result.ok, gate.code, gate.result.overrides_invalid) == (
        False,
        ExitCode.FAIL,
        True,
    )
    assert gate.result.observed == "sink: failed"
    assert [reason.params["problem"] for reason in gate.reasons] == ["connector sink: failed"]


def test_both_connectors_are_named_and_what_is_unknown_is_not() -> None:
    unassigned = ConnectorHealth("source", Condition.UNASSIGNED, "x")
    gate = connector_gate([unassigned, sink(Condition.PAUSED)])
    assert gate.result.observed == "source: unassigned, sink: paused"
    assert len(gate.reasons) == 2
    unknown = ConnectorHealth("source", Condition.UNKNOWN, "no answer")
    gate = connector_gate([unknown, sink(Condition.FAILED)])
    assert gate.result.observed == "sink: failed"
    gate = connector_gate([SOURCE, sink(Condition.UNKNOWN)])
    assert (gate.result.ok, gate.result.observed) == (None, "unknown: connector sink: unknown")
    assert connector_gate([SOURCE, sink(Condition.RUNNING)]).result.ok is True
