"""k6's ledger while it is being written: whether changes pass the pipeline as they did before."""

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.integrity.ledger import Arrival, parse_line
from cdc_perf.stats.percentiles import percentile

_SHARE = 0.95
# How far a percentile of a few dozen changes may be from the one before.
_FACTOR = 1.5
_LEAST_RATE = 0.5
# Changes pass again, although a JVM that started again is still slower.
PASSING_SECONDS = 0.05


@dataclass(frozen=True)
class Flow:
    """How changes passed the pipeline during some seconds.

    Attributes:
        per_second: The arrivals per second.
        p95: The 95th percentile of the seconds from the write to the arrival.
    """

    per_second: float
    p95: float


class LiveLedger:
    """Follows a ledger; the clock of its times is this machine's."""

    def __init__(self, path: Path, window_seconds: float) -> None:
        self._path = path
        self._window = window_seconds
        self._read_bytes = 0
        self._rest = b""
        self._lines = 0
        self._written: dict[tuple[str, str, str], int] = {}
        # When a change arrived, and how long it took, in microseconds.
        self._arrived: deque[tuple[int, int]] = deque()

    def flow(self) -> Flow | None:
        """Return the flow of the last seconds, by the times of the arrivals; None without any."""
        self._read()
        now = time.time_ns() // 1000
        while self._arrived and self._arrived[0][0] < now - self._window * 1e6:
            self._arrived.popleft()
        if not self._arrived:
            return None
        seconds = [took / 1e6 for _, took in self._arrived]
        return Flow(len(seconds) / self._window, percentile(seconds, _SHARE))

    def is_like(self, before: Flow, slack_seconds: float = 0.0) -> bool:
        """Return whether changes pass the pipeline about as they did before.

        Args:
            before: The flow before.
            slack_seconds: How much slower they may be, beyond 1.5 times.
        """
        now = self.flow()
        return (
            now is not None
            and now.per_second >= _LEAST_RATE * before.per_second
            and now.p95 <= _FACTOR * before.p95 + slack_seconds
        )

    def _read(self) -> None:
        """Read the lines that were added since the last time."""
        try:
            with self._path.open("rb") as ledger:
                ledger.seek(self._read_bytes)
                added = ledger.read()
        except FileNotFoundError:
            return
        self._read_bytes += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            self._lines += 1
            entry = parse_line(line.decode("utf-8", "replace"), self._lines)
            if entry is None or entry.at_us is None:
                continue
            key = entry.op, entry.table, entry.id
            if not isinstance(entry, Arrival):
                self._written[key] = entry.at_us
            elif (written := self._written.pop(key, None)) is not None:
                self._arrived.append((entry.at_us, entry.at_us - written))
