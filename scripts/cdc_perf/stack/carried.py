"""The columns that the connector's configuration excludes or masks on purpose."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cdc_perf.settings.connector_rules import added_fields

_MASKS = re.compile(r"column\.(?:mask\.with|mask\.hash(?:\.v2)?|truncate\.to)\..+")


@dataclass(frozen=True)
class ConnectorFilter:
    """The columns that the connector does not send unchanged.

    Patterns match as in Debezium: the full `schema.table.column`, ignoring case.
    https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-column-exclude-list

    Attributes:
        excluded: Patterns of excluded columns.
        included: Patterns of the only included columns; None if all are.
        masked: Patterns of columns whose values are masked, hashed, or truncated.
        metadata: The fields that a transform adds to the columns of a row.
    """

    excluded: tuple[re.Pattern[str], ...] = ()
    included: tuple[re.Pattern[str], ...] | None = None
    masked: tuple[re.Pattern[str], ...] = ()
    metadata: frozenset[str] = frozenset()

    @staticmethod
    def of(config: Mapping[str, str]) -> "ConnectorFilter":
        """Return the filter that a connector's configuration defines."""
        included = config.get("column.include.list")
        masks = [value for name, value in config.items() if _MASKS.fullmatch(name)]
        return ConnectorFilter(
            excluded=_patterns(config.get("column.exclude.list", "")),
            included=_patterns(included) if included else None,
            masked=tuple(pattern for value in masks for pattern in _patterns(value)),
            metadata=added_fields(config),
        )

    def excludes(self, column: str) -> bool:
        """Return whether a column, given as `schema.table.column`, is excluded."""
        if self.included is not None and not _matches(self.included, column):
            return True
        return _matches(self.excluded, column)

    def masks(self, column: str) -> bool:
        """Return whether a column, given as `schema.table.column`, is sent with changed values."""
        return _matches(self.masked, column)


def _patterns(text: str) -> tuple[re.Pattern[str], ...]:
    found = []
    for word in text.split(","):
        try:
            found.append(re.compile(word.strip(), re.IGNORECASE))
        except re.error:
            # Python cannot compile every Java pattern: such a pattern matches literally.
            found.append(re.compile(re.escape(word.strip()), re.IGNORECASE))
    return tuple(pattern for pattern in found if pattern.pattern)


def _matches(patterns: tuple[re.Pattern[str], ...], column: str) -> bool:
    return any(pattern.fullmatch(column) for pattern in patterns)
