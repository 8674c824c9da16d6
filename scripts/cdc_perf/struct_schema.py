"""JSON Schemas of structs, with descriptions from their docstrings."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

import msgspec

_ATTRIBUTE = re.compile(r"^    (?P<name>\w+): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


def struct_definitions(record: type[msgspec.Struct]) -> dict[str, dict[str, Any]]:
    """Return the definitions of a struct and of those in its fields, by their class names.

    References between them are `#/$defs/NAME`.
    """
    _, definitions = msgspec.json.schema_components([record], ref_template="#/$defs/{name}")
    names = _attribute_names(msgspec.inspect.type_info(record))
    return {name: _described(content, names.get(name, {})) for name, content in definitions.items()}


def _attribute_names(kind: object) -> dict[str, dict[str, str]]:
    """Return, by struct, the attribute of each field by its name in the file."""
    found: dict[str, dict[str, str]] = {}
    if isinstance(kind, msgspec.inspect.StructType):
        found[kind.cls.__name__] = {x.encode_name: x.name for x in kind.fields}
        parts: tuple[object, ...] = tuple(field.type for field in kind.fields)
    elif isinstance(kind, msgspec.inspect.UnionType):
        parts = kind.types
    else:
        parts = (getattr(kind, "item_type", None), getattr(kind, "value_type", None))
    for part in filter(None, parts):
        found |= _attribute_names(part)
    return found


def _described(definition: dict[str, Any], attribute_of: Mapping[str, str]) -> dict[str, Any]:
    """Return a definition with each attribute's description from the docstring."""
    text = inspect.cleandoc(definition["description"])
    about, _, attributes = text.partition("\n\nAttributes:\n")
    words = {
        match["name"]: re.sub(r"\s+", " ", match["text"])
        for match in _ATTRIBUTE.finditer(attributes)
    }
    described = {**definition, "description": about}
    if "properties" in definition:
        described["properties"] = {
            name: {"description": words[attribute], **content} if attribute in words else content
            for name, content in definition["properties"].items()
            for attribute in (attribute_of.get(name, name),)
        }
    return described
