"""The JSON Schemas of verdict.json, of a scenario and of a run, and of integrity.json."""

from cdc_perf.integrity.records import Integrity
from cdc_perf.struct_schema import struct_definitions
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict


def verdict_schema(record: type[ScenarioVerdict | RunVerdict | Integrity]) -> dict[str, object]:
    """Return the JSON Schema of `record`, with descriptions from its docstrings."""
    described = struct_definitions(record)
    # The reader accepts no other version.
    version = described[record.__name__]["properties"]["schema_version"]
    version["const"] = version["default"]
    return {"$ref": f"#/$defs/{record.__name__}", "$defs": described}
