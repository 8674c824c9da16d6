"""Faults of a link: what Toxiproxy is asked for, what proves them, and how they end."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import pytest
import responses

from cdc_perf.errors import StackFailure
from cdc_perf.faults import links as module
from cdc_perf.faults.context import FaultContext
from cdc_perf.faults.injectors import injector_of
from cdc_perf.faults.link_request import Ended, Outcome
from cdc_perf.settings.faults import Delay, LimitBandwidth, OfLink, Partition, Reset
from cdc_perf.stack.endpoints import Endpoints

if TYPE_CHECKING:
    from cdc_perf.settings.pipeline import Pipeline

URL = "http://127.0.0.1:8474"
LINK = "connect-kafka"
BEFORE = Outcome("answered", 0.001)
PARTITION = Partition(link=LINK, duration="8s", description="partition")
DELAY = Delay(link=LINK, duration="8s", milliseconds=100, description="latency")
SLOW = LimitBandwidth(link=LINK, duration="8s", kilobytes_per_second=10, description="bandwidth")
RESET = Reset(link=LINK, duration="3s", description="reset")

Send = Callable[[str, str, int, float], Outcome]


@pytest.fixture
def toxiproxy() -> Iterator[responses.RequestsMock]:
    """Knows one link, and has a toxic of it since the first request."""
    proxy = {"listen": "127.0.0.1:20001", "toxics": [{"name": "one"}]}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{URL}/proxies", json={LINK: proxy})
        mock.post(f"{URL}/proxies/{LINK}/toxics", json={})
        mock.delete(f"{URL}/proxies/{LINK}/toxics/one", status=204)
        yield mock


def context(endpoints: Endpoints | None = None) -> FaultContext:
    found = endpoints or Endpoints(
        postgres_dsn="", kafka_bootstrap="", connect_url="", connector="", toxiproxy_url=URL
    )
    return FaultContext(cast("Pipeline", None), found, None)


def becomes(monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> None:
    """Have the requests over the link come out like this, in order."""
    left = list(outcomes)

    def send(server: str, address: str, _padding: int, _seconds: float) -> Outcome:
        assert (server, address) == ("kafka", "127.0.0.1:20001")
        return left.pop(0)

    monkeypatch.setattr(module, "send", send)


def asked(mock: responses.RequestsMock, method: str) -> list[object]:
    calls = [call.request for call in mock.calls if call.request.method == method]
    return [json.loads(request.body) if request.body else request.url for request in calls]


@pytest.mark.parametrize(
    ("action", "during", "toxic", "attributes"),
    [
        (PARTITION, Outcome("unanswered", 1.0), "latency", {"latency": 3_600_000}),
        (DELAY, Outcome("answered", 0.201), "latency", {"latency": 100}),
        (SLOW, Outcome("answered", 0.8), "bandwidth", {"rate": 10}),
        (RESET, Outcome("reset", 0.001), "reset_peer", {"timeout": 0}),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_request_over_the_link_proves_the_fault_and_the_link_is_restored(
    toxiproxy: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    action: OfLink,
    during: Outcome,
    toxic: str,
    attributes: dict[str, int],
) -> None:
    becomes(monkeypatch, BEFORE, during)
    with injector_of(action)(context()) as proof:
        assert asked(toxiproxy, "POST") == [
            {"type": toxic, "stream": direction, "attributes": attributes}
            for direction in ("upstream", "downstream")
        ]
        assert asked(toxiproxy, "DELETE") == []
    assert proof == f"a request of 8,000 bytes over {LINK} was {BEFORE} before, then {during}"
    assert asked(toxiproxy, "DELETE") == [f"{URL}/proxies/{LINK}/toxics/one"]


@pytest.mark.parametrize(
    ("action", "ended", "seconds"),
    [
        (PARTITION, "answered", 0.5),
        (PARTITION, "reset", 0.5),
        (DELAY, "answered", 0.1),
        (DELAY, "unanswered", 10.0),
        (SLOW, "answered", 0.1),
        (RESET, "answered", 0.001),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, OfLink) else str(x),
)
def test_a_link_that_passes_as_before_is_no_fault_and_is_restored(
    toxiproxy: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    action: OfLink,
    ended: Ended,
    seconds: float,
) -> None:
    becomes(monkeypatch, BEFORE, Outcome(ended, seconds))
    with (
        pytest.raises(StackFailure, match="as before the fault"),
        injector_of(action)(context()),
    ):
        pass
    assert asked(toxiproxy, "DELETE") == [f"{URL}/proxies/{LINK}/toxics/one"]


def test_a_link_that_does_not_pass_cannot_be_impaired(
    toxiproxy: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    becomes(monkeypatch, Outcome("reset", 0.001))
    with pytest.raises(StackFailure, match="before the fault"), injector_of(RESET)(context()):
        pass
    assert asked(toxiproxy, "POST") == []


def test_a_link_needs_a_proxy_of_its_name(toxiproxy: responses.RequestsMock) -> None:
    toxiproxy.replace("GET", f"{URL}/proxies", json={})
    with pytest.raises(StackFailure) as failure, injector_of(RESET)(context()):
        pass
    assert failure.value.message == f"Toxiproxy has no proxy with the name {LINK}"


def test_a_toxiproxy_that_does_not_answer_or_refuses_is_named(
    toxiproxy: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    becomes(monkeypatch, BEFORE)
    toxiproxy.replace("POST", f"{URL}/proxies/{LINK}/toxics", status=409, body="toxic exists")
    with pytest.raises(StackFailure) as failure, injector_of(RESET)(context()):
        pass
    what = f"Toxiproxy refuses POST /proxies/{LINK}/toxics: toxic exists"
    assert failure.value.message == what
    toxiproxy.remove("GET", f"{URL}/proxies")
    with (
        pytest.raises(StackFailure, match="Toxiproxy does not answer"),
        injector_of(RESET)(context()),
    ):
        pass
