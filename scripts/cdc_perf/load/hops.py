"""The time per hop of one scenario's events, with the warm-up apart."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cdc_perf.load.progress import LoadProgress
from cdc_perf.stats.latency_histogram import HopCounters
from cdc_perf.waiting import NotReady

# A reading costs the consumer 7 ms. If the consumer ends, counts since the last reading are lost.
_INTERVAL_SECONDS = 10.0

Read = Callable[[], HopCounters]


@dataclass(frozen=True)
class HopMeasurements:
    """The time per hop of a scenario's events.

    Attributes:
        steady: The counts of events applied after the warm-up.
        warm_up: The counts of events applied before.
        begin: When the steady part began; None if the load did not get that far.
        end: When the last reading was taken; None if there was none.
        restarts: How often the consumer restarted its counts.
        fault: One sentence on why data is missing; empty if none is.
        note: One sentence on whose clocks the times are by, if that is not the same in every
            pipeline; else empty.
    """

    steady: HopCounters = field(default_factory=HopCounters)
    warm_up: HopCounters = field(default_factory=HopCounters)
    begin: datetime | None = None
    end: datetime | None = None
    restarts: int = 0
    fault: str = "the consumer's hop metrics were not read"
    note: str = ""


class HopWatch:
    """Reads the consumer's counts at the start, after the warm-up, every 10 s, and at the end.

    It needs no thread: `follow` is called about once a second with the progress of the load.

    Args:
        read: Returns the consumer's counts; None if there is no cdc-consumer, so that only the end
            of the warm-up is noted.
        warm_up_seconds: The length of the warm-up.
    """

    def __init__(self, read: Read | None, warm_up_seconds: float) -> None:
        self._read = read
        self._warm_up_seconds = warm_up_seconds
        self._load_began: float | None = None
        self._due = time.monotonic() + _INTERVAL_SECONDS
        self._steady = self._warm_up = HopCounters()
        self._begin: datetime | None = None
        self._end: datetime | None = None
        self._restarts = 0
        self._last: HopCounters | None = None
        # Why the last reading failed; and whether the first one did.
        self._silence = ""
        self._late = False
        self._take_reading()

    def follow(self, progress: LoadProgress) -> None:
        """Take a reading if one is due."""
        now = time.monotonic()
        if self._load_began is None and progress.running:
            self._load_began = now
        warm = self._load_began is not None and now - self._load_began >= self._warm_up_seconds
        begins = warm and self._begin is None
        if begins or now >= self._due:
            self._due = now + _INTERVAL_SECONDS
            if self._take_reading() and begins:
                self._begin = self._end

    @property
    def warm_up_ended(self) -> datetime | None:
        """When the steady part began; None if the load did not get that far."""
        return self._begin

    def close(self) -> HopMeasurements:
        """Take the last reading, and return the measurements."""
        self._take_reading()
        return HopMeasurements(
            self._steady, self._warm_up, self._begin, self._end, self._restarts, self._missing()
        )

    def _missing(self) -> str:
        if self._silence:
            return self._silence
        if self._late:
            return "the consumer did not report its hop metrics when the load began"
        if self._restarts:
            return (
                "the consumer restarted its counters: up to "
                f"{_INTERVAL_SECONDS:.0f} s of events before the restart are missing"
            )
        return ""

    def _take_reading(self) -> bool:
        """Take a reading; return whether the consumer answered."""
        if self._read is None:
            self._end = datetime.now(UTC)
            return True
        try:
            now = self._read()
        except NotReady as why:
            self._silence = str(why)
            self._late = self._late or self._last is None
            return False
        self._silence = ""
        added = HopCounters() if self._last is None else now.since(self._last)
        if added is None:
            # Everything that the new process counted is newer than the last reading.
            self._restarts += 1
            added = now
        if self._begin is None:
            self._warm_up = self._warm_up.plus(added)
        else:
            self._steady = self._steady.plus(added)
        self._last, self._end = now, datetime.now(UTC)
        return True
