"""What is known between two commits of a reader that commits its position rarely.

A worker of Kafka Connect commits offsets once in 60 s by default. Until then, what it has already
read counts as outstanding, so that the measured value follows a sawtooth: only right after a commit
it is the true one.
"""

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
# Without samples for this long, commits may have been missed.
_MOST_SECONDS_BETWEEN_SAMPLES = 10.0
# A commit that is later than twice the longest interval is overdue. If no interval is known, twice
# the default of Kafka Connect (offset.flush.interval.ms).
_OVERDUE_FACTOR = 2.0
_OVERDUE_SECONDS = 120.0
_KNOWN_INTERVALS = 1000


@dataclass(frozen=True)
class Position:
    """How far a reader is, by its last commit.

    Attributes:
        behind: What it has not committed, in events or bytes.
        committed: The position of the commit; any number that changes with each commit.
        caught_up: Whether there is nothing to commit.
    """

    behind: int
    committed: int
    caught_up: bool


@dataclass(frozen=True)
class Confirmed:
    """What the commits so far show.

    Attributes:
        commit_seconds: The typical time between two commits, while there is something to commit;
            the time since the last one as long as no interval is known.
        behind: The sum of `behind`, of each partition as of its last commit. None if this sample
            shows no commit while there is something to commit, or a partition was never committed.
    """

    commit_seconds: float
    behind: int | None


@dataclass
class _Partition:
    """The state of one partition.

    Attributes:
        committed: The position of its last commit.
        since: The time of the last sample that showed a commit, or nothing to commit.
        continuous: Whether there was something to commit at each sample since then.
        behind: What was outstanding at that sample; None if there was none yet.
    """

    committed: int
    since: float
    continuous: bool = False
    behind: int | None = None


class CommitTracker:
    """Finds the commits of a reader in samples of its positions, and what they confirm.

    A commit that is overdue is not waited for: the reader may be stuck, so that the measured value
    is the true one.
    """

    def __init__(self) -> None:
        self._partitions: dict[Hashable, _Partition] = {}
        self._at = 0.0
        # From one commit to the next; and from the first thing to commit to its commit, which is
        # shorter.
        self._full_intervals: deque[float] = deque(maxlen=_KNOWN_INTERVALS)
        self._partial_intervals: deque[float] = deque(maxlen=_KNOWN_INTERVALS)

    def observe(self, at: float, positions: Mapping[K, Position]) -> Confirmed:
        """Take a sample into account.

        Args:
            at: Its time, in seconds of a clock that never goes back.
            positions: The positions of the reader, by partition.
        """
        if at - self._at > _MOST_SECONDS_BETWEEN_SAMPLES:
            self._partitions.clear()
        self._at = at
        news = [self._follow(at, name, found) for name, found in positions.items()]
        # An idle partition says nothing about the others.
        shown = any(news) or all(found.caught_up for found in positions.values())
        ages = [at - self._partitions[name].since for name in positions]
        known = [self._partitions[name].behind for name in positions]
        values = [behind for behind in known if behind is not None]
        return Confirmed(
            commit_seconds=self._typical_seconds(otherwise=max(ages, default=0.0)),
            behind=sum(values) if shown and len(values) == len(known) else None,
        )

    def _follow(self, at: float, name: Hashable, found: Position) -> bool:
        """Return whether a sample shows a commit in a partition, or one that is overdue."""
        state = self._partitions.get(name)
        if state is None:
            state = self._partitions[name] = _Partition(found.committed, at)
            state.behind = found.behind if found.caught_up else None
            return False
        if found.committed != state.committed:
            # The time from the first sample to the first commit says nothing.
            if state.behind is not None:
                kind = self._full_intervals if state.continuous else self._partial_intervals
                kind.append(at - state.since)
            state.committed, state.since, state.continuous = found.committed, at, True
        elif found.caught_up:
            state.since, state.continuous, state.behind = at, False, found.behind
            return False
        elif at - state.since <= self._overdue_seconds:
            return False
        state.behind = found.behind
        return True

    def _typical_seconds(self, otherwise: float) -> float:
        full, partial = self._full_intervals, self._partial_intervals
        # A reader that is mostly idle and stalls once has a single full interval, the stall.
        known = full if len(full) >= len(partial) else [*full, *partial]
        return median(known) if known else otherwise

    @property
    def _overdue_seconds(self) -> float:
        longest = max(self._full_intervals, default=None)
        return _OVERDUE_SECONDS if longest is None else _OVERDUE_FACTOR * longest
