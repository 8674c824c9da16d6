"""Inject the planned faults of a scenario while its load runs."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
import psycopg

from cdc_perf.errors import Failure, StackFailure
from cdc_perf.faults.context import FaultContext
from cdc_perf.faults.detection import Detection, detecting
from cdc_perf.faults.injectors import injector_of, ordered_ends
from cdc_perf.faults.live_ledger import PASSING_SECONDS, Flow, LiveLedger
from cdc_perf.faults.records import Injection
from cdc_perf.load.progress import FaultProgress, LoadProgress
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.faults import PlannedFault, lasting
from cdc_perf.waiting import NotReady, cancelled_by, wait_until

_log = logging.getLogger(__name__)
# The flow of changes is compared over so many seconds.
WINDOW_SECONDS = 3.0
# A sequence measures so long before its first fault, and after each recovery.
STEADY_SECONDS = 15.0
# Signals are followed for so long before a fault that has a time of its own.
_LEARN_SECONDS = 5.0
# A pipeline that needs longer has not recovered.
RECOVERY_SECONDS = 120.0
# How long a sequence waits for the latency, once changes pass again.
LATENCY_SECONDS = 30.0
_INTERVAL_SECONDS = 0.25
# The longest undoing: a poisoned task is started again.
_LAST_SECONDS = 40.0


class _Cancelled(Exception):  # noqa: N818 - an end, not an error
    """The load ended, or was interrupted, or the pipeline did not recover."""


class FaultPlayer:
    """Injects faults one after another in a thread of its own.

    Args:
        planned: The faults, in order: all with a time, or all without.
        context: The pipeline.
        ledger: The ledger that k6 writes.
        warm_up_seconds: The length of the load's warm-up.
    """

    def __init__(
        self,
        planned: Sequence[PlannedFault],
        context: FaultContext,
        ledger: Path,
        warm_up_seconds: float,
    ) -> None:
        self._planned = planned
        self._context = context
        self._ledger = LiveLedger(ledger, WINDOW_SECONDS)
        self._warm_up_seconds = warm_up_seconds
        self._began = 0.0
        self._ending, self._finished = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._injections: list[Injection] = []
        self._up = ""
        self._counts: Counter[str] = Counter()

    def follow(self, progress: LoadProgress) -> None:
        """Start with the load."""
        if self._thread is None and progress.running:
            self._began = time.monotonic()
            self._thread = threading.Thread(target=self._play, name="faults", daemon=True)
            self._thread.start()

    @property
    def progress(self) -> FaultProgress | None:
        """How far a list is; None if each fault has a time."""
        if self._planned[0].at_seconds is not None:
            return None
        latest = self._injections[-1].fault if self._injections else ""
        return FaultProgress(len(self._injections), len(self._planned), latest)

    def active(self) -> Mapping[str, bool]:
        """Return whether each fault is up now, by its name."""
        up = self._up
        return {each.fault.name: each.fault.name == up for each in self._planned}

    @property
    def finished(self) -> bool:
        """Whether a sequence is over, so that the load may end."""
        return self._finished.is_set()

    def close(self) -> tuple[Injection, ...]:
        """End the fault that is up, and return what was injected, and what was not."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)
        left = self._planned[len(self._injections) :]
        return (*self._injections, *(self._not_injected(each) for each in left))

    def _play(self) -> None:
        context = self._context
        with detecting(context.pipeline, context.endpoints) as detection:
            try:
                for planned in self._planned:
                    before = self._wait_before(planned, detection)
                    self._inject(planned, detection)
                    if planned.at_seconds is None:
                        self._wait_for_recovery(before)
                if self._planned[-1].at_seconds is None:
                    self._pause(STEADY_SECONDS)
                    self._finished.set()
                self._ending.wait()
            except _Cancelled:
                pass
            finally:
                self._finished.set()
                self._injections = with_detection(self._injections, detection)

    def _wait_before(self, planned: PlannedFault, detection: Detection) -> Flow | None:
        """Wait for the time of a fault; return the flow of the seconds before it."""
        at = planned.at_seconds
        if at is None:
            detection.before_fault()
            if not self._injections:
                self._pause(self._warm_up_seconds)
            self._pause(STEADY_SECONDS)
        else:
            self._pause(self._began + at - _LEARN_SECONDS - time.monotonic())
            detection.before_fault()
            self._pause(self._began + at - time.monotonic())
        return self._ledger.flow()

    def _inject(self, planned: PlannedFault, detection: Detection) -> None:
        fault = planned.fault
        injection = self._not_injected(planned)
        self._injections.append(injection)
        self._counts[fault.name] += 1
        seconds = lasting(fault.action)
        _log.info(f"fault {fault.name}: {fault.action.description}")
        detection.fault_begins()
        began = datetime.now(UTC)
        changes: dict[str, object] = {"began": began, "failure": ""}
        self._up = fault.name
        try:
            with injector_of(fault.action)(self._context) as proof:
                changes |= {"proved": datetime.now(UTC), "proof": proof}
                # An interruption ends the fault at once.
                self._ending.wait(seconds)
            changes["ended"] = datetime.now(UTC)
        except (Failure, NotReady, psycopg.Error, psutil.Error) as error:
            why = str(error).strip().partition("\n")[0] or type(error).__name__
            changes["failure"] = why
            _log.warning(f"fault {fault.name}: {why}")
        finally:
            self._up = ""
        self._injections[-1] = msgspec.structs.replace(injection, **changes)

    def _wait_for_recovery(self, before: Flow | None) -> None:
        """Wait until changes pass as before, from now on.

        Raises:
            _Cancelled: The load ended, or the pipeline did not recover in time.
        """
        since = time.time()
        try:
            self._wait_until_like(before, since, PASSING_SECONDS, RECOVERY_SECONDS)
        except StackFailure:
            if not self._ending.is_set():
                name, limit = self._injections[-1].fault, format_duration(RECOVERY_SECONDS)
                _log.warning(f"fault {name}: no recovery within {limit}")
            raise _Cancelled from None
        with suppress(StackFailure):
            self._wait_until_like(before, since, 0.0, LATENCY_SECONDS)

    def _wait_until_like(
        self, before: Flow | None, since: float, slack_seconds: float, deadline_seconds: float
    ) -> None:
        """Wait until changes pass as before.

        Raises:
            StackFailure: They do not in time, or the load ended.
        """

        def probe() -> None:
            if before is None or not self._ledger.is_like(before, since, slack_seconds):
                raise NotReady("changes do not pass as before")

        with cancelled_by(self._ending):
            wait_until(
                probe,
                what="the recovery",
                deadline_seconds=deadline_seconds,
                interval_seconds=_INTERVAL_SECONDS,
            )

    def _not_injected(self, planned: PlannedFault) -> Injection:
        fault = planned.fault
        return Injection(
            fault=fault.name,
            number=self._counts[fault.name] + 1,
            description=fault.action.description,
            components=ordered_ends(fault.action),
            failure="it was not injected: the load had ended, or the pipeline had not recovered",
        )

    def _pause(self, seconds: float) -> None:
        if self._ending.wait(max(0.0, seconds)):
            raise _Cancelled


def with_detection(injections: Sequence[Injection], detection: Detection) -> list[Injection]:
    """Return the injections with what first showed each before the next one began."""
    began = [each.began for each in injections]
    found = []
    for each, following in zip(injections, [*began[1:], None], strict=True):
        first = None if each.began is None else detection.first_wrong(each.began)
        if first is not None and (following is None or first[0] < following):
            found.append(msgspec.structs.replace(each, detected=first[0], signal=first[1]))
        else:
            found.append(each)
    return found
