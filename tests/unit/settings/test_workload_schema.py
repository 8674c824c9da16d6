"""The JSON Schema and the documentation of workload.toml know every setting of the file."""

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.workload import Changes, ColumnRule, Statement
from cdc_perf.settings.workload_schema import File, workload_schema

ROOT = Checkout.here().root
VALIDATOR = Draft202012Validator(workload_schema())


@pytest.mark.parametrize(
    "path", list(ROOT.glob("pipelines/*/*workload.toml")), ids=lambda path: path.name
)
def test_committed_workloads_are_valid(path: Path) -> None:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert [error.message for error in VALIDATOR.iter_errors(content)] == []
    # Editors find the schema by this line.
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == (
        ROOT / "docs" / "schemas" / "workload.schema.json"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"sed": 1},
        {"seed": -1},
        {"changes": {"a.b": {"insert": "often"}}},
        {"changes": {"a.b": {"columns": {"c": {"words": 3}}}}},
        {"changes": {"a.b": {"columns": {"c": {"range": [1]}}}}},
        {"statements": {"pay": {"weight": 1}}},
    ],
)
def test_editors_see_mistakes(wrong: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid(wrong)


def test_each_setting_is_described() -> None:
    definitions = json.loads(msgspec.json.encode(workload_schema()))["$defs"]
    for name, definition in definitions.items():
        for setting, schema in definition["properties"].items():
            assert schema.get("description"), f"{name}.{setting}"


def test_the_documentation_lists_every_setting() -> None:
    text = (ROOT / "docs" / "your-pipeline.md").read_text(encoding="utf-8")
    part = text.partition("## The load\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("|")]
    listed = set(re.findall(r"\w+", " ".join(line.split("|")[1] for line in rows)))
    structs = (File, Changes, Statement, ColumnRule)
    settings = {name for struct in structs for name in struct.__struct_encode_fields__}
    assert settings - listed == set()
