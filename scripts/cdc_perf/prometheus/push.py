"""Send samples to Prometheus in a thread, so that a run neither waits nor fails."""

import logging
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress

import requests

from cdc_perf.prometheus.sample import Sample
from cdc_perf.redaction import redacted
from cdc_perf.signals import deferred

_log = logging.getLogger(__name__)
_REQUEST_SECONDS = 2.0
_LAST_SECONDS = 3.0
# In groups of samples, two a second: the backlog if Prometheus hangs.
_WAITING = 120
_REASON = 200


class Push:
    """Sends to one Prometheus. It drops what it cannot send, and reports that once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._complained = False
        self._waiting: queue.Queue[Sequence[Sample] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def offer(self, samples: Sequence[Sample]) -> None:
        """Queue samples to be sent; drop them if the queue is full."""
        try:
            self._waiting.put_nowait(samples)
        except queue.Full:
            self._complain("the queue is full")

    def close(self) -> None:
        """Send the queued samples, for a few seconds at most."""
        if self._waiting.full():
            # Make room for the end marker; nothing else is queued any more.
            with suppress(queue.Empty):
                self._waiting.get_nowait()
        self._waiting.put_nowait(None)
        with deferred():
            self._thread.join(_LAST_SECONDS)

    def _work(self) -> None:
        # Imported here because only a run with Prometheus needs protobuf.
        from cdc_perf.prometheus.remote_write import HEADERS, encode  # noqa: PLC0415

        with requests.Session() as session:
            session.headers.update(HEADERS)
            while (samples := self._waiting.get()) is not None:
                self._send(session, encode(samples))

    def _send(self, session: requests.Session, body: bytes) -> None:
        try:
            answer = session.post(f"{self._url}/api/v1/write", data=body, timeout=_REQUEST_SECONDS)
        except requests.RequestException as error:
            self._complain(type(error).__name__)
            return
        if not answer.ok:
            self._complain(f"{answer.status_code} {answer.text.strip()[:_REASON]}")

    def _complain(self, why: str) -> None:
        if not self._complained:
            self._complained = True
            where = redacted(self._url)
            _log.warning(f"cannot push samples to Prometheus at {where}: {why}")
