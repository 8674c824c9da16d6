"""The schemas of verdict.json against verdicts: those of the judge are valid, spoilt ones not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from cdc_perf.errors import ExitCode
from cdc_perf.files import readable_json
from cdc_perf.integrity.records import Finding, FindingKind, Integrity, LastSeen, RowSample
from cdc_perf.stats.intervals import Interval
from cdc_perf.verdict.judge import judge, judge_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.schemas import verdict_schema
from tests.unit.measured import CLEAN, GOOD, evidence, summary, threshold
from tests.unit.recorded_runs import gone, row, write_run
from tests.unit.verdict.test_judge import FAULTS, Fault

SCENARIO = Draft202012Validator(verdict_schema(ScenarioVerdict))
RUN = Draft202012Validator(verdict_schema(RunVerdict))
INTEGRITY = Draft202012Validator(verdict_schema(Integrity))
LIMIT = threshold("cdc_e2e_latency", "p95<=2000")


def written(verdict: ScenarioVerdict | RunVerdict | Integrity) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(readable_json(verdict))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_the_judge_says_is_valid(fault: Fault) -> None:
    SCENARIO.validate(written(fault.judged()))
    RUN.validate(written(judge_run([fault.judged()])))


def test_the_files_of_a_run_are_valid(tmp_path: Path) -> None:
    rows = [row("health-check"), row("baseline"), gone("spike", ExitCode.INTERRUPTED)]
    folder = write_run(tmp_path, rows)
    RUN.validate(json.loads((folder / "verdict.json").read_bytes()))
    files = sorted(folder.glob("*/verdict.json"))
    assert [file.parent.name for file in files] == ["baseline", "health-check"]
    for file in files:
        SCENARIO.validate(json.loads(file.read_bytes()))


def good() -> Any:  # noqa: ANN401 - any JSON
    found = summary(GOOD, thresholds={LIMIT: True})
    verdict = judge(evidence("baseline", (LIMIT,), found))
    assert verdict.exit_code is ExitCode.PASS
    return written(verdict)


def test_what_the_check_leaves_is_what_its_schema_says() -> None:
    sample = RowSample(id="0b9c", last_seen=LastSeen.TOPIC, detail="offset 7")
    finding = Finding(kind=FindingKind.STALE, table="public.customer", count=1, samples=(sample,))
    content = written(msgspec.structs.replace(CLEAN, findings=(finding,)))
    INTEGRITY.validate(content)
    for spoilt in (
        {**content, "findings": [{**content["findings"][0], "kind": "odd"}]},
        {**content, "drain": {"seconds": 1, "outstanding": [7]}},
        {**content, "schema_version": 3},
        {**content, "lost": 0},
    ):
        assert not INTEGRITY.is_valid(spoilt)


_SPOILT: dict[str, Callable[[Any], object]] = {
    "a field of old": lambda v: v.update(passed=True),
    "no verdict": lambda v: v.pop("verdict"),
    "another verdict": lambda v: v.update(verdict="MAYBE"),
    "another exit code": lambda v: v.update(exit_code=1),
    "a reason of old": lambda v: v.update(reasons=["it is gone"]),
    "a reason without a code": lambda v: v.update(reasons=[{"params": {}, "text": "it"}]),
    "a reason with an object": lambda v: v.update(
        reasons=[{"code": "it", "params": {"a": {"b": 1}}, "text": "it"}]
    ),
    "a limit without a number": lambda v: v["thresholds"][0].update(limit=None),
    "samples in parts": lambda v: v["thresholds"][0].update(samples=1.5),
    "an interval of two numbers": lambda v: v["thresholds"][0].update(interval=[1, 2]),
    "a gate without a name": lambda v: v["gates"][0].pop("name"),
    "a gate of a gate": lambda v: v["gates"][0].update(gates=[]),
}


@pytest.mark.parametrize("spoil", _SPOILT.values(), ids=_SPOILT.keys())
def test_a_spoilt_verdict_is_refused_by_schema_and_reader(spoil: Callable[[Any], object]) -> None:
    content = good()
    SCENARIO.validate(content)
    spoil(content)
    assert not SCENARIO.is_valid(content)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(content, ScenarioVerdict)


@pytest.mark.parametrize("validator", [SCENARIO, RUN], ids=["scenario", "run"])
def test_a_later_shape_is_refused(validator: Draft202012Validator) -> None:
    verdict = row("baseline").verdict
    content = written(verdict if validator is SCENARIO else judge_run([verdict]))
    validator.validate(content)
    assert not validator.is_valid({**content, "schema_version": 3})


def test_an_interval_with_an_open_end_is_valid() -> None:
    content = good()
    content["thresholds"][0]["interval"] = msgspec.to_builtins(Interval(low=1.0, high=None))
    SCENARIO.validate(content)


@pytest.mark.parametrize("record", [ScenarioVerdict, RunVerdict, Integrity])
def test_every_field_is_explained_in_a_sentence(
    record: type[ScenarioVerdict | RunVerdict | Integrity],
) -> None:
    definitions: Any = verdict_schema(record)["$defs"]
    for name, definition in definitions.items():
        assert "\n" not in definition["description"]
        for field, content in definition.get("properties", {}).items():
            assert content["description"].endswith("."), f"{name}.{field}"
