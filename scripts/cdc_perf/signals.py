"""Ctrl-C and SIGTERM: one exception, once, and never during cleanup."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cdc_perf.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalState:
    """The signals that this process has received."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.raised = False
        self.postponed = 0

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal; this is a handler for `signal.signal`."""
        self.asked = self.asked or signal.Signals(number)
        if not self.postponed:
            self.deliver()

    def deliver(self) -> None:
        """Raise the exception for the received signal, if that has not happened yet."""
        # Only once: a second Ctrl-C, while components are being stopped, must not leave half of
        # them behind.
        if self.asked is not None and not self.raised:
            self.raised = True
            raise Interrupted(f"interrupted by {self.asked.name}")


_interruption = SignalState()


def install_handlers() -> None:
    """Raise `Interrupted` in the main thread at the first of the signals, from now on."""
    for number in _SIGNALS:
        signal.signal(number, _interruption.handle)


@contextmanager
def deferred() -> Iterator[None]:
    """Finish the block before a signal takes effect.

    Raises:
        Interrupted: At the end of the block, if a signal arrived meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals take effect only in the main thread
        return
    _interruption.postponed += 1
    try:
        yield
    finally:
        _interruption.postponed -= 1
    if not _interruption.postponed:
        _interruption.deliver()
