"""Geometric types as Debezium sends them: coordinates, and well-known binary in base64.

Little-endian OGC well-known binary, https://portal.ogc.org/files/?artifact_id=25355, chapter 8.
The surrounding fields are those of `io.debezium.data.geometry` in Debezium 3.7, as measured.
"""

import base64
import re
import struct
from collections.abc import Callable, Sequence
from math import isinf, isnan

Form = dict[str, object]
_NUMBER = re.compile(r"[-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|Infinity|NaN)", re.IGNORECASE)
_POINT, _LINE, _POLYGON = 1, 2, 3


def point(text: str) -> Form:
    """Convert `(x,y)`."""
    return _point(*_numbers(text, 2))


def line(text: str) -> Form:
    """Convert `{A,B,C}`."""
    a, b, c = _numbers(text, 3)
    return {"a": _json(a), "b": _json(b), "c": _json(c)}


def circle(text: str) -> Form:
    """Convert `<(x,y),r>`."""
    x, y, radius = _numbers(text, 3)
    return {"center": _point(x, y), "radius": _json(radius)}


def segment(text: str) -> Form:
    """Convert `[(x1,y1),(x2,y2)]`."""
    return _shape(_line(_numbers(text, 4)), type="lseg")


def box(text: str) -> Form:
    """Convert `(x1,y1),(x2,y2)` to its corners, with the first one repeated at the end."""
    right, top, left, bottom = _numbers(text, 4)
    ring = (right, top, right, bottom, left, bottom, left, top, right, top)
    return _shape(_polygon(ring), type="box")


def path(text: str) -> Form:
    """Convert `[(x1,y1),...]`, which is open, or `((x1,y1),...)`, which is closed."""
    closed = "false" if text.startswith("[") else "true"
    return _shape(_line(_numbers(text)), type="path", closed=closed)


def polygon(text: str) -> Form:
    """Convert `((x1,y1),...)` to its corners, with the first one repeated at the end."""
    numbers = _numbers(text)
    return _shape(_polygon((*numbers, *numbers[:2])), type="polygon")


def _numbers(text: str, count: int | None = None) -> Sequence[float]:
    numbers = [float(found) for found in _NUMBER.findall(text)]
    if not numbers or (len(numbers) % 2 and count is None) or count not in (None, len(numbers)):
        raise ValueError(text)
    return numbers


def _point(x: float, y: float) -> Form:
    return {"x": _json(x), "y": _json(y), **_binary(struct.pack("<BIdd", 1, _POINT, x, y))}


def _line(numbers: Sequence[float]) -> bytes:
    return struct.pack("<BI", 1, _LINE) + _coordinates(numbers)


def _polygon(ring: Sequence[float]) -> bytes:
    return struct.pack("<BII", 1, _POLYGON, 1) + _coordinates(ring)


def _coordinates(numbers: Sequence[float]) -> bytes:
    return struct.pack(f"<I{len(numbers)}d", len(numbers) // 2, *numbers)


def _binary(content: bytes) -> Form:
    return {"wkb": base64.b64encode(content).decode(), "srid": None}


def _shape(content: bytes, **extensions: str) -> Form:
    return {**_binary(content), "extensions": extensions}


def _json(number: float) -> object:
    """Return a number as Connect's JSON converter writes it: a text if JSON has no such number."""
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


FORMS: dict[str, Callable[[str], Form]] = {
    "point": point,
    "line": line,
    "lseg": segment,
    "box": box,
    "path": path,
    "polygon": polygon,
    "circle": circle,
}
