"""k6's ledger while it is being written: whether changes pass the pipeline as they did before."""

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.faults.matching import ChangeMatcher
from cdc_perf.integrity.ledger import parse_line
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
        self._matcher = ChangeMatcher()
        # When a change was written and when it arrived, in microseconds.
        self._arrived: deque[tuple[int, int]] = deque()

    def flow(self) -> Flow | None:
        """Return the flow of the last seconds, by the times of the arrivals; None without any."""
        self._read()
        begin = time.time_ns() // 1000 - self._window * 1e6
        while self._arrived and self._arrived[0][1] < begin:
            self._arrived.popleft()
        if not self._arrived:
            return None
        seconds = [(arrived - written) / 1e6 for written, arrived in self._arrived]
        return Flow(len(seconds) / self._window, percentile(seconds, _SHARE))

    def is_like(self, before: Flow, since: float, slack_seconds: float = 0.0) -> bool:
        """Return whether changes pass the pipeline about as they did before.

        Args:
            before: The flow before.
            since: When the fault ended, in seconds since the epoch. The flow of earlier seconds
                says nothing about the recovery, so it takes a whole window after that.
            slack_seconds: How much slower they may be, beyond 1.5 times.
        """
        now = self.flow()
        return (
            time.time() >= since + self._window
            and now is not None
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
            change = None if entry is None else self._matcher.add(entry)
            if change is not None:
                self._arrived.append(change)
