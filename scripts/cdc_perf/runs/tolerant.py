"""Files of a run folder, read as far as they can be."""

from pathlib import Path
from typing import TypeVar

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.integrity.records import Integrity
from cdc_perf.results.manifest import Manifest
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict

T = TypeVar("T", Manifest, RunVerdict, ScenarioVerdict, Integrity)

_MAX_BYTES = 2_000_000


def read_tolerantly(path: Path, kind: type[T]) -> tuple[T | None, str]:
    """Return what a file holds, and what is wrong with it; a file can be shown and yet be wrong."""
    version: int | None = None
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None, f"{path.name} is larger than {_MAX_BYTES:,} bytes"
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=_Version).schema_version
        found = msgspec.json.decode(content, type=kind)
    except FileNotFoundError:
        return None, f"{path.name} is missing"
    except OSError as error:
        return None, f"{path.name} cannot be read: {error.strerror}"
    except NOT_JSON as error:
        return None, f"{path.name} cannot be understood ({_versions(kind, version)}): {error}"
    if version != _current(kind):
        return found, f"{path.name} is of another version ({_versions(kind, version)})"
    return found, ""


class _Version(msgspec.Struct, frozen=True):
    schema_version: int | None = None


def _current(kind: type[T]) -> int:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    return int(fields["schema_version"].default)


def _versions(kind: type[T], version: int | None) -> str:
    named = "unknown" if version is None else version
    return f"schema version {named}, this report is made for {_current(kind)}"
