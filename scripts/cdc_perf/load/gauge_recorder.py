"""The stack's gauges, sampled while k6 runs.

They are written as k6 writes its points, so that one reader reads both, on one axis of time.
"""

import gzip
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cdc_perf.signals import deferred

_log = logging.getLogger(__name__)
_INTERVAL_SECONDS = 1.0
# A component that is frozen never answers; the thread is then left to itself.
_LAST_ANSWER_SECONDS = 3.0

# Values by metric; what cannot be read now is left out.
Read = Callable[[], Mapping[str, float]]


class Latest:
    """The last sample, by metric; empty before the first."""

    def __init__(self) -> None:
        self.values: Mapping[str, float] = {}


@contextmanager
def sampling(read: Read, path: Path) -> Iterator[Latest]:
    """Sample once a second, in a thread, until the block ends; yield what shows the last sample.

    Args:
        read: Returns the gauges of a moment.
        path: The gzipped file; a sample is on disk when the next one is taken.
    """
    ending, latest = threading.Event(), Latest()
    thread = threading.Thread(target=_sample, args=(read, path, ending, latest), daemon=True)
    thread.start()
    try:
        yield latest
    finally:
        ending.set()
        with deferred():
            thread.join(_LAST_ANSWER_SECONDS)


def _sample(read: Read, path: Path, ending: threading.Event, latest: Latest) -> None:
    declared: set[str] = set()
    due = time.monotonic()
    try:
        with gzip.open(path, "wb") as stream:
            while not ending.wait(max(0.0, due - time.monotonic())):
                # A reading that took too long leaves a hole, not a crowd behind it.
                due = max(due + _INTERVAL_SECONDS, time.monotonic())
                moment, latest.values = datetime.now(UTC), read()
                _write(stream, moment, latest.values, declared)
    except OSError as error:
        # As k6 does when its disk is full: what is missing shows in the verdict.
        _log.warning("%s ends here: %s", path.name, error.strerror)


def _write(
    stream: gzip.GzipFile, moment: datetime, values: Mapping[str, float], declared: set[str]
) -> None:
    for metric, value in values.items():
        if metric not in declared:
            declared.add(metric)
            kind = {"name": metric, "type": "gauge", "contains": "default"}
            stream.write(_line("Metric", metric, kind))
        data = {"time": moment.isoformat(), "value": value, "tags": {}}
        stream.write(_line("Point", metric, data))
    stream.flush()


def _line(kind: str, metric: str, data: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"metric": metric, "type": kind, "data": data}) + b"\n"
