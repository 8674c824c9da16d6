"""Verdicts and outcomes for tests of the self-test."""

from cdc_perf.errors import ExitCode
from cdc_perf.selftest.fault import Expected, Fault
from cdc_perf.verdict.records import GateResult, ScenarioVerdict, ThresholdResult
from cdc_perf.verdict.verdict import verdict_of
from tests.unit.measured import because


def fault(code: ExitCode, red: str = "", reason: str = "", name: str = "lost-event") -> Fault:
    return Fault(name, "A row is taken away", Expected(code, red, reason))


def gate(name: str, reason: str = "", *, ok: bool | None = None) -> GateResult:
    holds = not reason if ok is None else ok
    return GateResult(name=name, condition="it holds", observed="seen", ok=holds, reason=reason)


def unknown(name: str) -> GateResult:
    return GateResult(name=name, condition="it holds", observed="unknown", ok=None)


def limit(reason: str = "") -> ThresholdResult:
    return ThresholdResult(
        metric="cdc_e2e_latency",
        stat="p50",
        operator="<=",
        limit=500,
        observed=20,
        samples=100,
        samples_needed=6,
        ok=not reason,
        reason=reason,
    )


def said(code: ExitCode, *results: GateResult | ThresholdResult) -> ScenarioVerdict:
    return ScenarioVerdict(
        scenario="baseline",
        verdict=verdict_of(code),
        exit_code=code,
        reasons=tuple(because(x.reason) for x in results if x.reason),
        thresholds=tuple(x for x in results if isinstance(x, ThresholdResult)),
        gates=tuple(x for x in results if isinstance(x, GateResult)),
    )
