"""The output during a run: lines, and the progress of the load."""

import logging
import sys
import time
import webbrowser
from typing import Protocol, TextIO

from cdc_perf.load.progress import LoadProgress
from cdc_perf.reasons.figures import BYTES, figure
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.metrics import CONSUMER_LAG, SLOT_RETAINED_BYTES
from cdc_perf.wording import counted

_log = logging.getLogger(__name__)
_LINE_SECONDS = 10.0


class Display(Protocol):
    """Shows the progress of one scenario."""

    def show(self, progress: LoadProgress) -> None:
        """Show the progress."""

    def close(self) -> None:
        """Clean up the display."""


def open_in_browser(url: str) -> None:
    """Print an address, and open it in a browser if stderr is a terminal."""
    _log.info(f"live: {url}")
    if sys.stderr.isatty():
        webbrowser.open(url)


def display(scenario: str, stream: TextIO = sys.stderr) -> Display:
    """Return a bar on a terminal, else a line every ten seconds."""
    return Bar(scenario) if stream.isatty() else Lines(scenario)


def text(progress: LoadProgress) -> str:
    """Return the current figures: `20% of 1m, 48s left, 10 VUs, 18.3 iterations/s, ...`."""
    lag, slot = (progress.stack.get(name) for name in (CONSUMER_LAG, SLOT_RETAINED_BYTES))
    return (
        f"{_position(progress)}{_load(progress)}"
        f"{'' if lag is None else f', lag {lag:,.0f}'}"
        f"{'' if slot is None else f', slot {figure(slot, BYTES)}'}"
    )


def _position(progress: LoadProgress) -> str:
    if progress.faults is not None:
        return f"{format_duration(round(progress.elapsed_seconds))}, {progress.faults}"
    return (
        f"{progress.share:.0%} of {format_duration(progress.total_seconds)}, "
        f"{format_duration(round(progress.left_seconds))} left"
    )


def _load(progress: LoadProgress) -> str:
    """Return the figures of k6, after a comma; empty if it does not run."""
    if progress.vus is None:
        return ""
    p95 = "" if progress.p95_ms is None else f", p95 {progress.p95_ms:.0f} ms"
    return (
        f", {progress.vus} VUs, {progress.iterations_per_second:.1f} iterations/s{p95}, "
        f"{counted(progress.errors, 'error')}"
    )


class Lines:
    """A line every ten seconds."""

    def __init__(self, scenario: str) -> None:
        self._scenario = scenario
        self._next = time.monotonic() + _LINE_SECONDS

    def show(self, progress: LoadProgress) -> None:
        """Print a line if it is time for one."""
        if time.monotonic() >= self._next:
            self._next += _LINE_SECONDS
            _log.info(f"{self._scenario}: {text(progress)}")

    def close(self) -> None:
        """Do nothing: complete lines need no cleanup."""


class Bar:
    """A bar on a terminal."""

    def __init__(self, scenario: str) -> None:
        # Imported here because only a terminal needs it, and it takes 0.1 s.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        from rich.progress import Progress as RichProgress  # noqa: PLC0415

        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(file=sys.stderr),
            transient=True,
            refresh_per_second=2,  # low, because the measured system needs the CPU
        )
        self._task = self._bar.add_task(scenario, total=1.0, figures="starting")
        self._bar.start()

    def show(self, progress: LoadProgress) -> None:
        """Redraw the bar."""
        self._bar.update(self._task, completed=progress.share, figures=text(progress))

    def close(self) -> None:
        """Remove the bar: the summary repeats its figures."""
        self._bar.stop()
