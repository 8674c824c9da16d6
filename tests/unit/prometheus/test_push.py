"""What is sent to Prometheus, and that nobody waits for it or fails by it."""

import math
import struct
import threading
from datetime import UTC, datetime

import cramjam
import pytest
import requests
import responses

from cdc_perf.prometheus import push as pushing
from cdc_perf.prometheus.push import Push, encode
from cdc_perf.prometheus.sample import STALE, Sample

URL = "http://127.0.0.1:20000"
WRITE = f"{URL}/api/v1/write"
AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread may not outlive its test: what it sends then would go to a real socket."""
    monkeypatch.setattr(pushing, "_LAST_SECONDS", 60.0)


def sample(value: float = 1.0) -> Sample:
    return Sample("up", {"b": "2", "a": "1", "none": ""}, value, AT)


def test_a_request_has_sorted_labels_and_milliseconds() -> None:
    # By hand, from the specification: field number and wire type, length, content.
    labels = b"".join(
        b"\x0a" + bytes([len(label)]) + label
        for label in (
            b"\x0a\x08__name__\x12\x02up",
            b"\x0a\x01a\x12\x011",
            b"\x0a\x01b\x12\x012",
        )
    )
    milliseconds, varint = round(AT.timestamp() * 1000), b""
    while milliseconds > 0x7F:
        varint += bytes([milliseconds & 0x7F | 0x80])
        milliseconds >>= 7
    point = b"\x09" + struct.pack("<d", 1.5) + b"\x10" + varint + bytes([milliseconds])
    series = labels + b"\x12" + bytes([len(point)]) + point
    expected = b"\x0a" + bytes([len(series)]) + series
    assert bytes(cramjam.snappy.decompress_raw(encode([sample(1.5)]))) == expected


def test_the_end_of_a_series_keeps_its_bits() -> None:
    assert math.isnan(STALE)
    body = bytes(cramjam.snappy.decompress_raw(encode([sample(STALE)])))
    assert struct.pack("<Q", 0x7FF0000000000002) in body


@responses.activate
def test_what_was_offered_is_sent_before_the_end(progress: list[str]) -> None:
    sent = responses.post(WRITE, status=204)
    push = Push(URL)
    for _ in range(5):
        push.offer([sample()])
    push.close()
    assert sent.call_count == 5
    assert not progress


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param({"body": requests.ConnectionError()}, "ConnectionError", id="nobody there"),
        pytest.param({"status": 400, "body": "out of order\n"}, "400 out of order", id="refused"),
    ],
)
@responses.activate
def test_a_prometheus_that_takes_nothing_is_complained_of_once(
    answer: dict[str, object], why: str, progress: list[str]
) -> None:
    responses.post(WRITE, **answer)
    push = Push(URL)
    push.offer([sample()])
    push.offer([sample()])
    push.close()
    assert progress == [f"cannot push samples to Prometheus at {URL}: {why}"]


def test_a_prometheus_that_hangs_delays_nothing(
    monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> requests.Response:
        released.wait(60)
        raise requests.Timeout

    monkeypatch.setattr(requests.Session, "post", hang)
    push = Push(URL)
    for _ in range(500):
        push.offer([sample()])
    assert progress == [f"cannot push samples to Prometheus at {URL}: the queue is full"]
    released.set()
    push.close()


def test_a_prometheus_is_named_without_its_user_and_password(progress: list[str]) -> None:
    with responses.RequestsMock() as mock:
        mock.post("http://someone:hunter2@127.0.0.1:20000/api/v1/write", status=401)
        push = Push("http://someone:hunter2@127.0.0.1:20000")
        push.offer([sample()])
        push.close()
    assert len(progress) == 1
    assert not [word for word in ("someone", "hunter2") if word in progress[0]]
