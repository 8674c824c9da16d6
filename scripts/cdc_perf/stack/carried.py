"""What the connector's configuration leaves out or changes of the tables on purpose."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MASKS = re.compile(r"column\.(?:mask\.with|mask\.hash(?:\.v2)?|truncate\.to)\..+")


@dataclass(frozen=True)
class ConnectorFilter:
    """What the connector does not carry as it is.

    Patterns are matched as Debezium does: the whole of `schema.table.column`, whatever its case.
    https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-column-exclude-list

    Attributes:
        excluded: Patterns of columns that are left out.
        included: Patterns of the only columns that are carried; None: of all.
        masked: Patterns of columns whose values are masked, hashed or truncated.
    """

    excluded: tuple[re.Pattern[str], ...] = ()
    included: tuple[re.Pattern[str], ...] | None = None
    masked: tuple[re.Pattern[str], ...] = ()

    @staticmethod
    def of(config: Mapping[str, str]) -> "ConnectorFilter":
        """Return what a connector's configuration filters."""
        included = config.get("column.include.list")
        masks = [value for name, value in config.items() if _MASKS.fullmatch(name)]
        return ConnectorFilter(
            excluded=_patterns(config.get("column.exclude.list", "")),
            included=_patterns(included) if included else None,
            masked=tuple(pattern for value in masks for pattern in _patterns(value)),
        )

    def excludes(self, column: str) -> bool:
        """Return whether a column, as `schema.table.column`, is left out."""
        if self.included is not None and not _matches(self.included, column):
            return True
        return _matches(self.excluded, column)

    def masks(self, column: str) -> bool:
        """Return whether a column, as `schema.table.column`, is carried with other values."""
        return _matches(self.masked, column)


def _patterns(text: str) -> tuple[re.Pattern[str], ...]:
    found = []
    for word in text.split(","):
        try:
            found.append(re.compile(word.strip(), re.IGNORECASE))
        except re.error:
            # Java's regular expressions know more; as a plain name it matches what it spells.
            found.append(re.compile(re.escape(word.strip()), re.IGNORECASE))
    return tuple(pattern for pattern in found if pattern.pattern)


def _matches(patterns: tuple[re.Pattern[str], ...], column: str) -> bool:
    return any(pattern.fullmatch(column) for pattern in patterns)
