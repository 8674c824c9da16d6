"""The load of one start: one k6 warms both versions up, then loads them in turn."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cdc_perf import process, process_tags
from cdc_perf.errors import LoadFailure
from cdc_perf.load.k6 import K6
from cdc_perf.load.run import end_k6
from cdc_perf.ports import free_port
from cdc_perf.results.comparison import HopTime, Side
from cdc_perf.stats.latency_histogram import HopCounters
from cdc_perf.verdict.k6_gates import FINISHED_CODES
from cdc_perf.waiting import NotReady

SCRIPT = "compare-versions.js"
# The scripts' log line at the end of the setup.
_BEGINS = "the load begins"
# The last changes of a slice are applied by then; of the next one, few are.
_AFTER_SLICE_SECONDS = 0.15
_POLL_SECONDS = 0.05
# Besides the load: k6's start, its setup, and iterations that wait for their timeout.
_MARGIN_SECONDS = 60.0

ReadHops = Callable[[], HopCounters]


class SideLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One version, for k6.

    Attributes:
        endpoints: The variables with its addresses.
        plan: The path of the plan of its load.
    """

    endpoints: Mapping[str, str]
    plan: str


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What k6/scripts/compare-versions.js does.

    Attributes:
        warm_up_ms: How long both have the load at the same time, before the slices.
        warm_up_rate: Changes per second then, of both together.
        rate: Changes per second of the slices.
        slice_ms: The length of a slice.
        order: The version of each slice.
        ready_vus: The number of virtual users from the beginning.
        most_vus: Their most, if many changes wait.
        sides: The versions.
    """

    warm_up_ms: int
    warm_up_rate: int
    rate: int
    slice_ms: int
    order: Sequence[Side]
    ready_vus: int
    most_vus: int
    sides: Mapping[Side, SideLoad]

    @property
    def seconds(self) -> float:
        """The length of the load."""
        return (self.warm_up_ms + len(self.order) * self.slice_ms) / 1000


@dataclass
class HopReadings:
    """The hops of each slice, from the counters of both consumers.

    A consumer counts while its version has the load, and is idle otherwise. So the difference of
    two readings after its slices is that of the later slice.

    Attributes:
        read: Reads the counters of each version; without those that have no cdc-consumer.
        slices: The hops by the number of the slice, as far as they could be read.
    """

    read: Mapping[Side, ReadHops]
    slices: dict[int, Mapping[str, HopTime]] = field(default_factory=dict)
    _last: dict[Side, HopCounters | None] = field(default_factory=dict)

    def begin(self) -> None:
        """Take the first reading of both, when the warm-up is over."""
        for side in self.read:
            self._last[side] = self._reading(side)

    def end(self, number: int, side: Side) -> None:
        """Take a reading of the version whose slice is over."""
        if side not in self.read:
            return
        before, now = self._last.get(side), self._reading(side)
        self._last[side] = now
        counted = now.since(before) if now is not None and before is not None else None
        if counted is not None:
            self.slices[number] = {
                name: HopTime(mean=times.mean, events=times.count)
                for name, times in counted.hops.items()
                # A negative mean: the clocks are off.
                if times.mean is not None and times.mean >= 0
            }

    def _reading(self, side: Side) -> HopCounters | None:
        try:
            return self.read[side]()
        except NotReady:
            return None


def run_load(k6: K6, script: Path, load: Load, folder: Path, readings: HopReadings) -> Path:
    """Run k6 to its end, and read the hops at the end of each slice.

    Args:
        k6: The program and the environment of the scripts, which has the addresses of one version.
        script: The script.
        load: What it does.
        folder: The folder for its files.
        readings: Gets the hops of each slice.

    Returns:
        The file of the points.

    Raises:
        LoadFailure: k6 failed.
        Interrupted: A signal arrived; k6 has ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    points, summary, log = (folder / x for x in ("points.json.gz", "summary.json", "k6.log"))
    # A start that failed may have left its own.
    points.unlink(missing_ok=True)
    began: list[float] = []

    def note(line: str) -> None:
        if _BEGINS in line:
            began.append(time.monotonic())

    running = process.start(
        k6.run_command(script, points, free_port()),
        env={
            **k6.variables,
            **process_tags.tag(folder),
            "CDC_COMPARISON": msgspec.json.encode(load).decode(),
            "CDC_SUMMARY": str(summary),
        },
        output=log,
        on_line=note,
    )
    try:
        _follow(running, load, began, readings)
    finally:
        end_k6(running)
    completed = running.wait()
    if completed.exit_code not in FINISHED_CODES:
        raise LoadFailure(
            f"k6 failed: exit {completed.exit_code}",
            hint=f"see {log}",
            detail=completed.last_lines[-5:],
        )
    return points


def _follow(
    running: process.Running, load: Load, began: Sequence[float], readings: HopReadings
) -> None:
    """Take each reading when it is due, until k6 ends or its time is over."""
    deadline = time.monotonic() + load.seconds + _MARGIN_SECONDS
    taken = 0
    while time.monotonic() < deadline and not running.ended_within(_POLL_SECONDS):
        if began and taken <= len(load.order) and time.monotonic() >= began[0] + _due(load, taken):
            _take(load, readings, taken)
            taken += 1
    if taken == len(load.order):
        # k6 has ended with the last slice.
        _take(load, readings, taken)


def _due(load: Load, number: int) -> float:
    """Return when a reading is due, in seconds since the load began."""
    return (load.warm_up_ms + number * load.slice_ms) / 1000 + _AFTER_SLICE_SECONDS


def _take(load: Load, readings: HopReadings, number: int) -> None:
    """Take the reading after the warm-up (number 0), or after a slice."""
    if number == 0:
        readings.begin()
    else:
        readings.end(number - 1, load.order[number - 1])
