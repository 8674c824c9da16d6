"""Send samples to Prometheus in a thread, so that a run neither waits nor fails."""

import logging
import queue
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import cramjam
import requests
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from cdc_perf.prometheus.sample import Sample
from cdc_perf.redaction import redacted
from cdc_perf.signals import deferred

_log = logging.getLogger(__name__)
_REQUEST_SECONDS = 2.0
_LAST_SECONDS = 3.0
# In groups of samples, two a second: the backlog if Prometheus hangs.
_WAITING = 120
_REASON = 200
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "prometheus"
# Message -> field -> (number, type, repeated), limited to the needs of plain samples.
_MESSAGES: dict[str, dict[str, tuple[int, Any, bool]]] = {
    "Label": {"name": (1, _Field.TYPE_STRING, False), "value": (2, _Field.TYPE_STRING, False)},
    "Sample": {"value": (1, _Field.TYPE_DOUBLE, False), "timestamp": (2, _Field.TYPE_INT64, False)},
    "TimeSeries": {"labels": (1, "Label", True), "samples": (2, "Sample", True)},
    "WriteRequest": {"timeseries": (1, "TimeSeries", True)},
}


def encode(samples: Iterable[Sample]) -> bytes:
    """Return the body of a request with the headers `HEADERS`."""
    request = _WRITE_REQUEST()
    for sample in samples:
        series = request.timeseries.add()
        # Labels must be sorted; an empty label is the same as none.
        labels = {**sample.labels, "__name__": sample.name}
        for name in sorted(name for name, value in labels.items() if value):
            series.labels.add(name=name, value=labels[name])
        series.samples.add(value=sample.value, timestamp=round(sample.at.timestamp() * 1000))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def _write_request() -> Any:  # noqa: ANN401 - a class made at run time
    """Build the message class from the table above, without a compiler or generated code."""
    file = descriptor_pb2.FileDescriptorProto(
        name="cdc_perf/remote_write.proto", package=_PACKAGE, syntax="proto3"
    )
    for message, fields in _MESSAGES.items():
        made = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            field = made.field.add(name=name, number=number)
            field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if isinstance(kind, str):
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.WriteRequest"))


_WRITE_REQUEST = _write_request()


class Push:
    """Sends to one Prometheus. It drops what it cannot send, and reports that once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._warned = False
        self._waiting: queue.Queue[Sequence[Sample] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def offer(self, samples: Sequence[Sample]) -> None:
        """Queue samples to be sent; drop them if the queue is full."""
        try:
            self._waiting.put_nowait(samples)
        except queue.Full:
            self._warn_once("the queue is full")

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
        from cdc_perf.prometheus.push import HEADERS, encode  # noqa: PLC0415

        with requests.Session() as session:
            session.headers.update(HEADERS)
            while (samples := self._waiting.get()) is not None:
                self._send(session, encode(samples))

    def _send(self, session: requests.Session, body: bytes) -> None:
        try:
            answer = session.post(f"{self._url}/api/v1/write", data=body, timeout=_REQUEST_SECONDS)
        except requests.RequestException as error:
            self._warn_once(type(error).__name__)
            return
        if not answer.ok:
            self._warn_once(f"{answer.status_code} {answer.text.strip()[:_REASON]}")

    def _warn_once(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            where = redacted(self._url)
            _log.warning(f"cannot push samples to Prometheus at {where}: {why}")
