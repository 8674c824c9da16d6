"""A pipeline's own scenarios and thresholds, laid over the built-in ones.

The pipeline's file is a JSON Merge Patch of the tool's file: objects are merged by name, any other
value replaces the built-in one, and null removes it (https://www.rfc-editor.org/rfc/rfc7396).
"""

import json
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.settings.files import read_json, typed
from cdc_perf.settings.paths import Checkout


@dataclass(frozen=True)
class LayeredFile:
    """The content of a settings file, with the pipeline's own file laid over it.

    Attributes:
        name: The file to name in an error message.
        content: The merged content.
        changed: Whether the pipeline has a file of its own.
    """

    name: str
    content: dict[str, object]
    changed: bool


def layered(built_in: Path, own: Path) -> LayeredFile:
    """Read a built-in file and the pipeline's own, if there is one.

    Raises:
        UsageFailure: A file is malformed, or the built-in one is missing.
    """
    content = typed(read_json(built_in), dict[str, object], file=built_in.name)
    if not own.exists():
        return LayeredFile(built_in.name, content, changed=False)
    name = f"{own.parent.name}/{own.name}"
    patch = typed(read_json(own, name), dict[str, object], file=name)
    return LayeredFile(name, _merged(content, patch), changed=True)


def script_variables(checkout: Checkout) -> dict[str, str]:
    """Return the variables that give the k6 scripts the merged files; empty without own files.

    Raises:
        UsageFailure: A file is malformed.
    """
    files = {
        "CDC_SCENARIOS": (checkout.scenarios_file, checkout.own_scenarios_file),
        "CDC_THRESHOLDS": (checkout.thresholds_file, checkout.own_thresholds_file),
    }
    merged = {name: layered(*paths) for name, paths in files.items()}
    return {name: json.dumps(each.content) for name, each in merged.items() if each.changed}


def _merged(content: dict[str, object], patch: dict[str, object]) -> dict[str, object]:
    merged = dict(content)
    for name, value in patch.items():
        inner = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = _merged(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged
