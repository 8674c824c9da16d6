"""The progress of a comparison that takes longer than a few seconds."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

_log = logging.getLogger(__name__)
_INTERVAL_SECONDS = 5.0
_MILLION = 1_000_000
T = TypeVar("T")


class Progress:
    """Logs how many rows of a table have been compared.

    Args:
        table: The table.
        total: The number of its rows; 0 if unknown.
        estimated: Whether the number is PostgreSQL's estimate.
    """

    def __init__(self, table: str, total: int, *, estimated: bool) -> None:
        self._table = table
        self._total = total
        self._about = "~" if estimated else ""

    def rows(self, rows: Iterable[T]) -> Iterator[T]:
        """Yield the rows, and log their number every few seconds."""
        due = time.monotonic() + _INTERVAL_SECONDS
        for number, row in enumerate(rows, 1):
            yield row
            if time.monotonic() >= due:
                due = time.monotonic() + _INTERVAL_SECONDS
                _log.info(self.sentence(number))

    def sentence(self, number: int) -> str:
        """Return how many rows have been compared."""
        whole = ""
        if self._total >= number:
            whole = f" of {self._about}{_rounded(self._total)}"
        return f"integrity: {_rounded(number)}{whole} rows of {self._table}"


def _rounded(number: int) -> str:
    return f"{number / _MILLION:.1f} million" if number >= _MILLION else f"{number:,}"
