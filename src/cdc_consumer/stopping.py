"""Handle SIGTERM and SIGINT: finish the current batch, but not forever."""

import os
import signal
import threading

from cdc_consumer.errors import GaveUpError
from cdc_consumer.log import log

SIGNALS = frozenset((signal.SIGTERM, signal.SIGINT))
GRACE_SECONDS = 1.6
# The last commit is acknowledged within milliseconds, or not at all.
CLOSE_SECONDS = 5.0


class Stopping:
    """Turns a signal into an event, and into an exit if the process does not end in time.

    The signals are blocked and a thread waits for them, so that none interrupts a write halfway and
    none is lost in a call that does not return. Create it before any other thread: threads inherit
    the block, and a signal in a thread without it ends the process immediately.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._finished = threading.Event()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=self._wait, name="signals", daemon=True).start()

    def closing(self) -> None:
        """End the process if it does not end by itself: a consumer that hangs is not restarted."""

        def wait() -> None:
            if not self._finished.wait(CLOSE_SECONDS):
                log("gave-up", detail=f"closing took longer than {CLOSE_SECONDS:g} s")
                os._exit(GaveUpError.exit_code)

        threading.Thread(target=wait, name="closing", daemon=True).start()

    def finished(self) -> None:
        """Record that the process is about to exit normally."""
        self._finished.set()

    def _wait(self) -> None:
        number = signal.sigwait(SIGNALS)
        log("stopping", signal=signal.Signals(number).name)
        self.asked.set()
        if not self._finished.wait(GRACE_SECONDS):
            log("gave-up", detail="the current batch or its commit did not finish in time")
            os._exit(GaveUpError.exit_code)
