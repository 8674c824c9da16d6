"""The published schemas: those committed are current, and are schemas."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from cdc_perf.ci.drift import GeneratedFiles, find_drift, write
from cdc_perf.ci.schemas import schemas
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.tasks.generated import write_or_check

THRESHOLDS = "k6/thresholds.schema.json"
METRICS = load_metrics(Checkout.here())
NAMES = load_scenarios(Checkout.here()).names
CURRENT = schemas(NAMES, METRICS)


def test_the_committed_files_are_current() -> None:
    assert not find_drift(Checkout.here().root, CURRENT), "run: inv schemas"


@pytest.mark.parametrize("path", CURRENT.wanted)
def test_each_is_a_schema(path: str) -> None:
    schema = json.loads(CURRENT.wanted[path])
    Draft202012Validator.check_schema(schema)
    with pytest.raises(SchemaError):
        Draft202012Validator.check_schema({**schema, "$defs": {"broken": {"type": "objekt"}}})


def fewer_metrics() -> GeneratedFiles:
    return schemas(NAMES, {name: kind for name, kind in METRICS.items() if name != "checks"})


@pytest.mark.parametrize("other", [schemas((*NAMES, "burst"), METRICS), fewer_metrics()])
def test_a_scenario_or_a_metric_more_or_less_is_drift(
    tmp_path: Path, other: GeneratedFiles
) -> None:
    write(tmp_path, CURRENT)
    assert set(find_drift(tmp_path, other).changed) == {THRESHOLDS}


def test_a_schema_that_is_published_no_more_is_removed_and_others_stay(tmp_path: Path) -> None:
    write(tmp_path, CURRENT)
    theirs = tmp_path / "docs" / "schemas" / "theirs.schema.json"
    theirs.write_text("{}", encoding="utf-8")
    fewer = {path: text for path, text in CURRENT.wanted.items() if "run-" not in path}
    assert write(tmp_path, replace(CURRENT, wanted=fewer)) == (
        "docs/schemas/run-verdict.schema.json: removed",
    )
    assert theirs.exists()


def test_the_command_checks_writes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"what": "the JSON Schemas", "command": "inv schemas"}
    with pytest.raises(UsageFailure) as caught:
        write_or_check(tmp_path, CURRENT, check=True, **words)
    assert str(caught.value) == ("the JSON Schemas are out of date\n  remedy: run: inv schemas")
    assert capsys.readouterr().out.splitlines() == [f"{path}: missing" for path in CURRENT.wanted]
    assert not list(tmp_path.iterdir())
    write_or_check(tmp_path, CURRENT, check=False, **words)
    assert capsys.readouterr().out.splitlines() == [f"{path}: written" for path in CURRENT.wanted]
    write_or_check(tmp_path, CURRENT, check=True, **words)
    assert capsys.readouterr().out == ""
