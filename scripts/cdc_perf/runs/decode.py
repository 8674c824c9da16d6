"""Decode the JSON files of a run; a verdict.json also of the previous schema version.

In schema version 1, a reason was a string.
"""

from typing import TypeVar

import msgspec

from cdc_perf.reasons.reason import Reason
from cdc_perf.verdict.records import SCHEMA_VERSION, RunVerdict, ScenarioVerdict

T = TypeVar("T")

_VERDICTS = (RunVerdict, ScenarioVerdict)
_STRINGS = 1


class _Version(msgspec.Struct, frozen=True):
    schema_version: int | None = None


def decode(content: bytes, kind: type[T]) -> T:
    """Return a file's content; a verdict of schema version 1 as one of the current version.

    The reasons of that version have a text, and neither code nor parameters.

    Raises:
        msgspec.DecodeError: The content is not JSON, or has another shape.
        UnicodeDecodeError: A text is not UTF-8.
        RecursionError: It is nested too deeply.
    """
    if is_old(kind, version_of(content)):
        content = _upgraded(content)
    return msgspec.json.decode(content, type=kind)


def version_of(content: bytes) -> int | None:
    """Return the schema version of a file; None if it names none.

    Raises:
        msgspec.DecodeError: The content is not a JSON object, or the version is not an integer.
    """
    return msgspec.json.decode(content, type=_Version).schema_version


def is_old(kind: type[object], version: int | None) -> bool:
    """Return whether a file is of an earlier version that `decode` brings up to date."""
    return kind in _VERDICTS and version == _STRINGS


def _upgraded(content: bytes) -> bytes:
    parts = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    parts["schema_version"] = _raw(SCHEMA_VERSION)
    if "reasons" in parts:
        texts = msgspec.json.decode(parts["reasons"], type=tuple[str, ...])
        parts["reasons"] = _raw([Reason(code="", params={}, text=text) for text in texts])
    return msgspec.json.encode(parts)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
