"""The JSON Schema of workload.toml for editors; `workload` is authoritative."""

from collections.abc import Mapping

import msgspec

from cdc_perf.settings.workload import DEFAULT_SEED, Changes, Seed, Statement
from cdc_perf.struct_schema import struct_definitions


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The load of a pipeline, or of a scenario.

    Attributes:
        seed: The seed of all values, except keys.
        changes: How the rows of each table are changed, by the table's name: `"schema.table"`.
        statements: Custom statements, by the name that they have in the metrics.
    """

    seed: Seed = DEFAULT_SEED
    changes: Mapping[str, Changes] = {}
    statements: Mapping[str, Statement] = {}


def workload_schema() -> dict[str, object]:
    """Return the schema. Every file that `read_workload` accepts is valid.

    Dates and times of TOML count as texts.
    """
    return {"$ref": f"#/$defs/{File.__name__}", "$defs": struct_definitions(File)}
