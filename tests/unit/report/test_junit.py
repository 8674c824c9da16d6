from collections.abc import Mapping
from xml.etree import ElementTree as ET

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.report.junit import Suite, junit
from cdc_perf.results.summary import Metric
from cdc_perf.verdict.records import GateResult, ThresholdResult
from tests.unit.measured import because
from tests.unit.recorded_runs import FEW, SLOW, gone, verdict_of


def read(*suites: Suite) -> ET.Element:
    return ET.fromstring(junit("a run", suites))  # noqa: S314 - written here


def outcomes(suite: ET.Element) -> dict[str, str]:
    return {
        case.attrib["name"]: case[0].tag if len(case) else "passed"
        for case in suite.iter("testcase")
    }


def test_a_case_for_each_threshold_and_each_gate() -> None:
    verdict = verdict_of("baseline")
    (suite,) = read(Suite(verdict, 60.25, "2026-11-24T02:00:00+00:00"))
    assert suite.attrib == {
        "name": "baseline",
        "tests": str(1 + len(verdict.gates)),
        "failures": "0",
        "errors": "0",
        "skipped": "0",
        "time": "60.250",
        "timestamp": "2026-11-24T02:00:00+00:00",
    }
    assert set(outcomes(suite).values()) == {"passed"}
    assert list(outcomes(suite))[:2] == ["cdc_e2e_latency p95 <= 2,000 ms", "gate interruption"]


@pytest.mark.parametrize(("metrics", "outcome"), [(SLOW, "failure"), (FEW, "error")])
def test_a_broken_limit_is_a_failure_and_too_few_samples_an_error(
    metrics: Mapping[str, Metric], outcome: str
) -> None:
    root = read(Suite(verdict_of("baseline")), Suite(verdict_of("spike", metrics)))
    _, suite = root
    assert outcomes(suite)["cdc_e2e_latency p95 <= 2,000 ms"] == outcome
    assert root.attrib[f"{outcome}s"] == suite.attrib[f"{outcome}s"] == "1"
    found = suite.find(f".//{outcome}")
    assert found is not None
    assert "cdc_e2e_latency p95" in found.attrib["message"]
    assert "samples needed: 60" in (found.text or "")


def test_a_failed_gate_is_a_failure_and_an_unknown_one_is_skipped() -> None:
    verdict = msgspec.structs.replace(
        verdict_of("spike"),
        exit_code=ExitCode.INVALID,
        gates=(
            GateResult(name="a", condition="this", observed="that", ok=False, reason="why"),
            GateResult(name="b", condition="this", observed="unknown", ok=None),
        ),
    )
    (suite,) = read(Suite(verdict))
    assert outcomes(suite)["gate a"] == "failure"
    assert outcomes(suite)["gate b"] == "skipped"
    assert suite.attrib["skipped"] == "1"


def test_what_was_not_run_is_no_pass() -> None:
    (suite,) = read(Suite(gone("spike").verdict))
    assert outcomes(suite) == {"verdict": "error"}
    assert suite.attrib["errors"] == "1"


def test_no_text_breaks_the_file() -> None:
    hostile = "]]> <a b='\"&> \x00\x1b[31m \ud800 \ufffe 🎉"
    verdict = msgspec.structs.replace(
        verdict_of("spike"),
        exit_code=ExitCode.INVALID,
        gates=(),
        reasons=(because(hostile),),
        thresholds=(),
    )
    (suite,) = read(Suite(verdict))
    assert "]]> <a b='\"&>   [31m     🎉" in suite[0][0].attrib["message"]


def test_a_growth_is_named_and_explained_with_its_unit_per_hour() -> None:
    growth = ThresholdResult(
        metric="memory_consumer",
        stat="growth_per_hour",
        operator="<=",
        limit=64.0 * 1024**2,
        unit="B/h",
        observed=80.0 * 1024**2,
        samples=570,
        samples_needed=300,
        ok=False,
        reason="it grew",
    )
    verdict = msgspec.structs.replace(verdict_of("soak"), thresholds=(growth,))
    (suite,) = read(Suite(verdict))
    assert outcomes(suite)["memory_consumer growth_per_hour <= 64 MiB/h"] == "failure"
    assert "unit: B/h" in (suite[0][0].text or "")
