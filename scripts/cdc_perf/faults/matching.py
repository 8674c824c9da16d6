"""Match each arrival in k6's ledger with the write that it is of."""

from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival


class ChangeMatcher:
    """Takes the lines of a ledger in their order: a write comes before its arrival."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str, str], int] = {}

    def add(self, entry: AcknowledgedWrite | Arrival) -> tuple[int, int] | None:
        """Take the next line.

        Returns:
            If it is an arrival whose write is known: when the change was written and when it
            arrived, in microseconds since the epoch.
        """
        key = entry.op, entry.table, entry.id
        if isinstance(entry, Arrival):
            written = self._written.pop(key, None)
            return None if written is None else (written, entry.at_us)
        if entry.at_us is not None:
            self._written[key] = entry.at_us
        return None
