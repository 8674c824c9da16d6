"""Every gate of the verdict turns red for a fault of its own; a new one has to bring its own."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import get_args, get_type_hints

import msgspec
import pytest

import cdc_perf.verdict
from cdc_perf.errors import ExitCode
from cdc_perf.faults.records import Injection
from cdc_perf.integrity.records import Finding, FindingKind, Integrity, LastSeen, RowSample
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.reasons.reason import texts
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.results.summary import Check, Metric
from cdc_perf.settings.executors import ConstantArrivalRate, Observation
from cdc_perf.settings.hops import HOPS
from cdc_perf.settings.recovery import RecoveryThresholds
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.verdict.evidence import EarlierPart, Evidence, HoldResult
from cdc_perf.verdict.fault_gates import faults_gate
from cdc_perf.verdict.gates import (
    Gate,
    checks_gate,
    components_gate,
    connector_gate,
    failed_gate,
    interruption_gate,
    passed_gate,
    samples_gate,
    summary_gate,
    thresholds_gate,
    unknown_gate,
)
from cdc_perf.verdict.hop_thresholds import hop_clocks_gate
from cdc_perf.verdict.integrity_gates import (
    dead_letters_gate,
    drain_gate,
    events_gate,
    ledger_gate,
    rows_gate,
    traffic_gate,
)
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.k6_gates import k6_exit_gate, points_gate, thresholds_agree_gate
from cdc_perf.verdict.load_gates import (
    clock_gate,
    dropped_gate,
    duration_gate,
    generator_gate,
    iterations_gate,
    rate_gate,
)
from cdc_perf.verdict.points import PointsSummary
from cdc_perf.verdict.ramp import Ramp
from cdc_perf.verdict.ramp_gate import earlier_gate, ramp_gate
from cdc_perf.verdict.stack_thresholds import stack_samples_gate
from tests.unit.measured import (
    CLEAN,
    GOOD,
    NOW,
    because,
    counter,
    event,
    evidence,
    hop_threshold,
    hops_seen,
    points_of,
    rate,
    stack_threshold,
    summary,
    threshold,
    trend,
)

LIMIT = threshold("cdc_e2e_latency", "p95<=2000")
TEN_A_SECOND = ConstantArrivalRate(
    rate=10, time_unit="1s", duration="60s", pre_allocated_vus=20, max_vus=200
)


def users(**metrics: Metric) -> Evidence:
    """Return the good evidence of ten virtual users, some of its metrics replaced."""
    found = summary({**GOOD, **metrics}, thresholds={LIMIT: True})
    return evidence("baseline", (LIMIT,), found)


def arrivals(**metrics: Metric) -> Evidence:
    """Return the same of an arrival rate, which asks for 600 iterations."""
    return replace(users(**metrics), executor=TEN_A_SECOND)


def health(*checks: Check) -> Evidence:
    found = summary({"iterations": counter(1)}, scenario=HEALTH_CHECK, checks=checks)
    return evidence(HEALTH_CHECK, (), found)


def sampled(samples: int) -> Evidence:
    """Return the evidence of a minute whose lag, which is limited, was sampled so many times."""
    found = summary(GOOD)
    lag = StackSeries(60, {"consumer_lag": tuple((float(at), 1.0) for at in range(samples))})
    limit = stack_threshold("consumer_lag", "max<=1000")
    return evidence("baseline", (limit,), found, points=replace(points_of(found), stack=lag))


def hops(negative: int) -> Evidence:
    """Return the good evidence of a limited hop, so many of whose times are negative."""
    (hop, *_) = HOPS
    seen = hops_seen(hop, {(10.0, 10.5): 540}, 10.2, negative=negative)
    known = evidence("baseline", (hop_threshold(hop, "p95<=100"),), summary(GOOD))
    return replace(known, hops=seen)


def spoilt(kind: FindingKind) -> Evidence:
    """Return good evidence in which one row or record is wrong."""
    return with_integrity(lossy(kind))


def lossy(kind: FindingKind) -> Integrity:
    """Return a check that found one row or record wrong."""
    sample = RowSample(id="0b9c", last_seen=LastSeen.TOPIC, detail="offset 7")
    finding = Finding(kind=kind, table="public.customer", count=1, samples=(sample,))
    return msgspec.structs.replace(CLEAN, findings=(finding,))


def faulted(**changes: object) -> Evidence:
    """Return the good evidence of a scenario with one fault, something of it changed."""
    found = summary(GOOD)
    known = evidence("baseline", (LIMIT,), found)
    fault = Injection(
        fault="kill:connect",
        number=1,
        description="kill -9 of Kafka Connect",
        components=("connect",),
        began=NOW,
        proved=NOW,
        proof="1 process (9) ended by SIGKILL",
        ended=NOW,
    )
    return replace(
        known,
        points=replace(known.points, steady=found.metrics),
        injections=(msgspec.structs.replace(fault, **changes),),
        events=(event("connect", "ended (terminated by SIGKILL)"),),
        recovery=RecoveryThresholds({"lost": 0}, {}, {}, {}),
    )


def observed(integrity: Integrity = CLEAN) -> Evidence:
    """Return the good evidence of an observation: no k6 ran, and there is no ledger."""
    limited = hops(0)
    return replace(
        limited,
        scenario=OBSERVE,
        executor=Observation(duration="60s"),
        summary=summary({}, scenario=OBSERVE),
        points=PointsSummary(),
        k6_exit=None,
        integrity=msgspec.structs.replace(integrity, acknowledged=None),
    )


def with_integrity(integrity: Integrity) -> Evidence:
    return replace(users(), integrity=integrity)


GOOD_ONES = {
    "users": users(),
    "arrivals": arrivals(),
    "health check": health(Check("a row", 1, 0)),
    "sampled": sampled(60),
    "hops": hops(0),
    "observed": observed(),
    "faulted": faulted(),
    "held": replace(
        users(),
        held=HoldResult(Ramp(700.0, "it broke"), 600, 300.0),
        earlier=(EarlierPart("ramp", CLEAN, Exceptions()),),
    ),
}


@dataclass(frozen=True)
class Red:
    """What turns one gate red, and it alone.

    Attributes:
        gate: Its name in verdict.json.
        code: What the scenario exits with.
        evidence: One of the good ones, spoilt.
    """

    gate: str
    code: ExitCode
    evidence: Evidence


GateFunction = Callable[..., Gate | None]

REDS: Mapping[GateFunction, Red] = {
    k6_exit_gate: Red("k6_exit", ExitCode.LOAD, replace(users(), k6_exit=109)),
    components_gate: Red(
        "components", ExitCode.FAIL, replace(users(), events=(event("connect", "ended"),))
    ),
    connector_gate: Red(
        "connector",
        ExitCode.FAIL,
        replace(users(), connectors=(ConnectorHealth("cdc", Condition.FAILED, "task 0 FAILED"),)),
    ),
    faults_gate: Red(
        "faults", ExitCode.INVALID, faulted(proved=None, failure="connect does not run")
    ),
    clock_gate: Red("clock", ExitCode.INVALID, replace(users(), clock_step_seconds=-1.0)),
    summary_gate: Red("summary", ExitCode.INVALID, replace(users(), scenario="spike")),
    points_gate: Red(
        "points",
        ExitCode.INVALID,
        replace(users(), points=PointsSummary(faults=(because("cut short"),))),
    ),
    interruption_gate: Red(
        "interruption",
        ExitCode.INTERRUPTED,
        replace(users(), interrupted="interrupted by SIGINT"),
    ),
    thresholds_gate: Red(
        "thresholds", ExitCode.NO_DATA, replace(users(), thresholds=(), summary=summary(GOOD))
    ),
    iterations_gate: Red(
        "iterations",
        ExitCode.FAIL,
        replace(users(), exceptions=Exceptions(3, "Error: boom at default (script.js:7:3)")),
    ),
    duration_gate: Red(
        "duration",
        ExitCode.INVALID,
        replace(users(), summary=summary(GOOD, thresholds={LIMIT: True}, seconds=30)),
    ),
    earlier_gate: Red(
        "earlier_parts",
        ExitCode.FAIL,
        replace(users(), earlier=(EarlierPart("ramp", lossy(FindingKind.VANISHED), Exceptions()),)),
    ),
    samples_gate: Red(
        "samples", ExitCode.NO_DATA, users(iterations=counter(0), cdc_success_rate=rate(0, 0))
    ),
    checks_gate: Red("checks", ExitCode.FAIL, replace(health(Check("a row", 0, 1)), k6_exit=110)),
    dropped_gate: Red("dropped_iterations", ExitCode.INVALID, users(dropped_iterations=counter(1))),
    rate_gate: Red("achieved_rate", ExitCode.INVALID, arrivals(iterations=counter(593))),
    generator_gate: Red(
        "generator_delay", ExitCode.INVALID, users(generator_delay=trend(6000, p99=50.0))
    ),
    thresholds_agree_gate: Red(
        "thresholds_agree", ExitCode.INVALID, replace(users(), summary=summary(GOOD))
    ),
    stack_samples_gate: Red("stack_samples", ExitCode.NO_DATA, sampled(20)),
    hop_clocks_gate: Red("hop_clocks", ExitCode.INVALID, hops(1)),
    drain_gate: Red(
        "drained",
        ExitCode.INVALID,
        with_integrity(Integrity(checked=NOW, unchecked="connect does not run")),
    ),
    rows_gate: Red("rows", ExitCode.FAIL, spoilt(FindingKind.MISSING)),
    events_gate: Red("events", ExitCode.FAIL, spoilt(FindingKind.REORDERED)),
    dead_letters_gate: Red("dead_letters", ExitCode.FAIL, spoilt(FindingKind.DEAD_LETTER)),
    ledger_gate: Red(
        "ledger",
        ExitCode.INVALID,
        with_integrity(msgspec.structs.replace(CLEAN, acknowledged={"c": 599})),
    ),
    traffic_gate: Red(
        "traffic", ExitCode.NO_DATA, observed(msgspec.structs.replace(CLEAN, topics=()))
    ),
    ramp_gate: Red(
        "ramp",
        ExitCode.FAIL,
        replace(users(), held=HoldResult(Ramp(None, "it broke at once"), None, 0)),
    ),
}


def gate_functions(modules: Iterable[ModuleType]) -> set[GateFunction]:
    """Return every function that returns a gate, but the two that make one."""
    return {
        function
        for module in modules
        for name, function in vars(module).items()
        if callable(function)
        and not name.startswith("_")
        and not isinstance(function, type)
        and getattr(function, "__module__", "").startswith(cdc_perf.verdict.__name__)
        and _returns_gate(function)
    } - {passed_gate, unknown_gate, failed_gate}


def _returns_gate(function: Callable[..., object]) -> bool:
    returned = get_type_hints(function).get("return")
    return returned is Gate or Gate in get_args(returned)


def verdict_modules() -> list[ModuleType]:
    package = cdc_perf.verdict
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


@pytest.mark.parametrize("good", GOOD_ONES.values(), ids=GOOD_ONES.keys())
def test_good_evidence_passes_every_gate(good: Evidence) -> None:
    verdict = judge(good)
    assert (verdict.exit_code, verdict.reasons) == (ExitCode.PASS, ())
    assert {gate.name: gate.ok for gate in verdict.gates if gate.ok is not True} == {}


@pytest.mark.parametrize("red", REDS.values(), ids=lambda red: red.gate)
def test_a_fault_turns_its_gate_red_and_no_other(red: Red) -> None:
    verdict = judge(red.evidence)
    assert [gate.name for gate in verdict.gates if gate.ok is False] == [red.gate]
    assert verdict.exit_code is red.code
    assert [gate.reason for gate in verdict.gates if gate.reason] == list(texts(verdict.reasons))


def test_no_gate_is_without_its_fault() -> None:
    assert gate_functions(verdict_modules()) == set(REDS)
    shown = {gate.name for good in GOOD_ONES.values() for gate in judge(good).gates}
    assert shown == {red.gate for red in REDS.values()}


def test_a_gate_that_is_added_is_seen() -> None:
    def new_gate(lag: float) -> Gate | None:
        return passed_gate("lag", "low", str(lag))

    def no_gate(lag: float) -> float:
        return lag

    module = ModuleType("new")
    for function in (new_gate, no_gate):
        function.__module__ = "cdc_perf.verdict.new"
        setattr(module, function.__name__, function)
    assert gate_functions([module]) == {new_gate}
