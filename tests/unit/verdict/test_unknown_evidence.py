"""Evidence that is missing: a gate is unknown or does not apply, and decides nothing."""

from collections.abc import Callable

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.summary import Check, NoSummary
from cdc_perf.settings.executors import ConstantArrivalRate, PerVuIterations
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.verdict.gates import (
    Gate,
    checks_gate,
    components_gate,
    connector_gate,
    samples_gate,
)
from cdc_perf.verdict.integrity_gates import (
    dead_letters_gate,
    drain_gate,
    events_gate,
    ledger_gate,
    rows_gate,
)
from cdc_perf.verdict.load_gates import dropped_gate, duration_gate, generator_gate, rate_gate
from tests.unit.measured import CLEAN, TEN_USERS, event, summary

NONE = NoSummary("gone")
ARRIVALS = ConstantArrivalRate(
    rate=10, time_unit="1s", duration="60s", pre_allocated_vus=20, max_vus=200
)
ONCE = PerVuIterations(vus=1, iterations=1, max_duration="10s")
UNKNOWN = ConnectorHealth("cdc", Condition.UNKNOWN, "Kafka Connect rebalances")


@pytest.mark.parametrize(
    "gate",
    [
        pytest.param(lambda: samples_gate(NONE), id="samples"),
        pytest.param(lambda: checks_gate(HEALTH_CHECK, NONE), id="checks"),
        pytest.param(lambda: dropped_gate(NONE), id="dropped"),
        pytest.param(lambda: duration_gate(TEN_USERS, 0, NONE), id="duration"),
        pytest.param(lambda: duration_gate(TEN_USERS, 107, summary()), id="duration, k6 broke"),
        pytest.param(lambda: rate_gate(ARRIVALS, 0, NONE), id="rate"),
        pytest.param(lambda: rate_gate(ARRIVALS, 107, summary()), id="rate, k6 broke"),
        pytest.param(lambda: generator_gate("baseline", NONE), id="generator"),
        pytest.param(lambda: components_gate(None), id="components"),
        pytest.param(lambda: connector_gate(()), id="connector"),
        pytest.param(lambda: connector_gate([UNKNOWN]), id="connector, no answer"),
        pytest.param(lambda: drain_gate(msgspec.structs.replace(CLEAN, drain=None)), id="no drain"),
        pytest.param(
            lambda: rows_gate(msgspec.structs.replace(CLEAN, unchecked="gone")), id="rows"
        ),
        pytest.param(lambda: events_gate(msgspec.structs.replace(CLEAN, drain=None)), id="events"),
        pytest.param(
            lambda: dead_letters_gate(msgspec.structs.replace(CLEAN, drain=None)),
            id="dead letters",
        ),
    ],
)
def test_a_gate_without_its_evidence_is_unknown(gate: Callable[[], Gate | None]) -> None:
    found = gate()
    assert found is not None
    assert (found.result.ok, found.code) == (None, ExitCode.PASS)
    assert not found.result.overrides_invalid


@pytest.mark.parametrize(
    "gate",
    [
        pytest.param(lambda: checks_gate("baseline", NONE), id="checks"),
        pytest.param(lambda: generator_gate(HEALTH_CHECK, summary()), id="generator"),
        pytest.param(lambda: duration_gate(ONCE, 0, summary()), id="duration"),
        pytest.param(lambda: rate_gate(TEN_USERS, 0, summary()), id="rate"),
        pytest.param(lambda: drain_gate(None), id="drain"),
        pytest.param(lambda: rows_gate(None), id="rows"),
        pytest.param(lambda: events_gate(None), id="events"),
        pytest.param(lambda: dead_letters_gate(None), id="dead letters"),
        pytest.param(lambda: ledger_gate(None, summary()), id="ledger"),
        pytest.param(lambda: ledger_gate(CLEAN, NONE), id="ledger, no summary"),
        pytest.param(
            lambda: ledger_gate(msgspec.structs.replace(CLEAN, unchecked="gone"), summary()),
            id="ledger, not checked",
        ),
    ],
)
def test_a_gate_that_does_not_apply(gate: Callable[[], Gate | None]) -> None:
    assert gate() is None


def test_no_component_event_is_not_an_unknown_one() -> None:
    assert components_gate(()).result.ok is True


@pytest.mark.parametrize(("operated", "overrides"), [(False, True), (True, False)])
def test_an_operator_takes_the_certainty_from_a_death(*, operated: bool, overrides: bool) -> None:
    deaths = [event("kafka", "ended"), event("connect", "ended", by_operator=operated)]
    found = components_gate(deaths)
    assert found.code is (ExitCode.INVALID if operated else ExitCode.FAIL)
    assert (found.result.ok, found.result.overrides_invalid) == (False, overrides)


@pytest.mark.parametrize(
    ("checks", "code", "ok", "observed"),
    [
        ((Check("a", 1, 0), Check("b", 2, 0)), ExitCode.PASS, True, "2 of 2"),
        ((Check("a", 1, 0), Check("b", 2, 1)), ExitCode.FAIL, False, "1 of 2"),
        # A check that never ran has not passed.
        ((Check("a", 0, 0),), ExitCode.FAIL, False, "0 of 1"),
        ((), ExitCode.NO_DATA, False, "0 of 0"),
    ],
)
def test_the_checks_of_the_health_check(
    checks: tuple[Check, ...], code: ExitCode, observed: str, *, ok: bool
) -> None:
    found = checks_gate(HEALTH_CHECK, summary(scenario=HEALTH_CHECK, checks=checks))
    assert found is not None
    assert (found.code, found.result.ok) == (code, ok)
    assert found.result.observed.startswith(observed)
