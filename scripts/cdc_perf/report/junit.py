"""A run as JUnit XML for CI servers: a test suite for each scenario.

Each threshold and each gate is a test case. A broken one is a failure, a threshold without enough
samples is an error, and an unknown gate is skipped because it decides nothing.
https://github.com/testmoapp/junitxml
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.figures import limit_figure
from cdc_perf.reasons.reason import texts
from cdc_perf.report.rows import printable
from cdc_perf.verdict.records import GateResult, ScenarioVerdict, ThresholdResult

_Outcome = Literal["passed", "failure", "error", "skipped"]
_THRESHOLDS: Mapping[bool | None, _Outcome] = {True: "passed", False: "failure", None: "error"}
_GATES: Mapping[bool | None, _Outcome] = {True: "passed", False: "failure", None: "skipped"}


@dataclass(frozen=True)
class Suite:
    """A judged scenario.

    Attributes:
        verdict: The verdict on it.
        seconds: How long it ran; None if unknown.
        began: When it began, as ISO 8601; empty if unknown.
    """

    verdict: ScenarioVerdict
    seconds: float | None = None
    began: str = ""


@dataclass(frozen=True)
class _Case:
    name: str
    outcome: _Outcome = "passed"
    message: str = ""
    text: str = ""


def junit(name: str, suites: Sequence[Suite]) -> bytes:
    """Return junit.xml.

    Args:
        name: The run's name.
        suites: Its scenarios, in order.
    """
    root = ET.Element("testsuites", name=printable(name))
    cases = {suite: _cases(suite.verdict) for suite in suites}
    _count(root, [case for each in cases.values() for case in each])
    for suite, each in cases.items():
        scenario = printable(suite.verdict.scenario)
        element = ET.SubElement(root, "testsuite", name=scenario)
        _count(element, each)
        if suite.seconds is not None:
            element.set("time", f"{suite.seconds:.3f}")
        if suite.began:
            element.set("timestamp", suite.began)
        for case in each:
            found = ET.SubElement(element, "testcase", classname=scenario, name=case.name)
            if case.outcome != "passed":
                ET.SubElement(found, case.outcome, message=case.message).text = case.text
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _count(element: ET.Element, cases: Sequence[_Case]) -> None:
    element.set("tests", str(len(cases)))
    for outcome, attribute in (("failure", "failures"), ("error", "errors"), ("skipped",) * 2):
        element.set(attribute, str(sum(case.outcome == outcome for case in cases)))


def _cases(verdict: ScenarioVerdict) -> tuple[_Case, ...]:
    cases = (*map(_threshold, verdict.thresholds), *map(_gate, verdict.gates))
    if verdict.exit_code is ExitCode.PASS or any(c.outcome in ("failure", "error") for c in cases):
        return cases
    # It did not run, or was cut short: no other case shows that.
    reasons = printable("; ".join(texts(verdict.reasons)))
    return (*cases, _Case("verdict", "error", f"{verdict.verdict}: {reasons}", reasons))


def _threshold(result: ThresholdResult) -> _Case:
    name = (
        f"{result.metric} {result.stat} {result.operator} {limit_figure(result.limit, result.unit)}"
    )
    known = {
        "observed": result.observed,
        "threshold": result.limit,
        "unit": result.unit,
        "samples": result.samples,
        "samples needed": result.samples_needed,
    }
    return _case(
        name, _THRESHOLDS[result.ok], result.reason, (f"{key}: {x}" for key, x in known.items())
    )


def _gate(gate: GateResult) -> _Case:
    text = (f"must hold: {gate.condition}", f"observed: {gate.observed}")
    return _case(f"gate {gate.name}", _GATES[gate.ok], gate.reason or "unknown", text)


def _case(name: str, outcome: _Outcome, message: str, text: Iterable[str]) -> _Case:
    return _Case(printable(name), outcome, printable(message), "\n".join(map(printable, text)))
