"""The JSON Schemas of verdict.json, of a scenario and of a run, and of integrity.json."""

import inspect
import re
from typing import Any

import msgspec

from cdc_perf.integrity.records import Integrity
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict

_ATTRIBUTE = re.compile(r"^    (?P<name>\w+): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


def verdict_schema(record: type[ScenarioVerdict | RunVerdict | Integrity]) -> dict[str, object]:
    """Return the schema of what `record` is written as; its words are those of the docstrings."""
    _, definitions = msgspec.json.schema_components([record], ref_template="#/$defs/{name}")
    described = {name: _described(content) for name, content in definitions.items()}
    # The reader takes no other.
    version = described[record.__name__]["properties"]["schema_version"]
    version["const"] = version["default"]
    return {"$ref": f"#/$defs/{record.__name__}", "$defs": described}


def _described(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a definition whose docstring's attributes are told with the attributes."""
    text = inspect.cleandoc(definition["description"])
    about, _, attributes = text.partition("\n\nAttributes:\n")
    words = {
        match["name"]: re.sub(r"\s+", " ", match["text"])
        for match in _ATTRIBUTE.finditer(attributes)
    }
    described = {**definition, "description": about}
    if "properties" in definition:
        described["properties"] = {
            name: {"description": words[name], **content} if name in words else content
            for name, content in definition["properties"].items()
        }
    return described
