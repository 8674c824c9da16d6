"""Counts in sentences."""

from collections.abc import Mapping
from types import MappingProxyType

# What a sink holds for a row, one and several, by the sink's type in pipeline.toml.
HELD: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "mongodb": ("document", "documents"),
        "postgres": ("row in the sink", "rows in the sink"),
        "kafka": ("record", "records"),
    }
)


def counted(number: float, one: str, many: str = "") -> str:
    """Return a whole number with its noun: `1 row`, `2,310 rows`, `1 row is missing`.

    Args:
        number: The number.
        one: The words after a 1.
        many: The words after any other number; empty: `one` with an s.
    """
    text = f"{number:,.0f}"
    return f"{text} {one if text == '1' else many or f'{one}s'}"
