"""Sample the stack's gauges while k6 runs.

The file has the format of k6's points, so one reader reads both, on one time axis.
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
# A frozen component never answers; the thread is then abandoned.
_LAST_ANSWER_SECONDS = 3.0

# Values by metric; unreadable ones are omitted.
Read = Callable[[], Mapping[str, float]]


class Latest:
    """The latest sample, by metric; empty before the first."""

    def __init__(self) -> None:
        self.values: Mapping[str, float] = {}


@contextmanager
def sampling(read: Read, path: Path) -> Iterator[Latest]:
    """Sample once a second, in a thread, until the block ends; yield the latest sample.

    Args:
        read: Returns the current gauges.
        path: The gzipped file. Each sample is on disk before the next one is taken.
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
                # A slow reading leaves a gap instead of a backlog.
                due = max(due + _INTERVAL_SECONDS, time.monotonic())
                moment, latest.values = datetime.now(UTC), read()
                _write(stream, moment, latest.values, declared)
    except OSError as error:
        # As k6 does when its disk is full; the verdict reports missing samples.
        _log.warning(f"cannot write {path.name} any further: {error.strerror}")


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
