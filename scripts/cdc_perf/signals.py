"""Ctrl-C and SIGTERM: one exception, once, and never in the middle of cleaning up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cdc_perf.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalState:
    """What was asked for so far, in this process."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.raised = False
        self.postponed = 0

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal, as `signal.signal` wants it."""
        self.asked = self.asked or signal.Signals(number)
        if not self.postponed:
            self.deliver()

    def deliver(self) -> None:
        """Raise what was asked for, if that was not done before."""
        # Once: whoever presses Ctrl-C again, while what was started is being stopped, must not
        # leave half of it behind.
        if self.asked is not None and not self.raised:
            self.raised = True
            raise Interrupted(f"interrupted by {self.asked.name}")


_interruption = SignalState()


def install_handlers() -> None:
    """From now on raise `Interrupted` in the main thread at the first of those signals."""
    for number in _SIGNALS:
        signal.signal(number, _interruption.handle)


@contextmanager
def deferred() -> Iterator[None]:
    """Let the block come to its end before a signal takes effect.

    Raises:
        Interrupted: At the end of the block, if a signal came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals take effect in the main thread alone
        return
    _interruption.postponed += 1
    try:
        yield
    finally:
        _interruption.postponed -= 1
    if not _interruption.postponed:
        _interruption.deliver()
