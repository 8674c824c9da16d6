import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import requests
import responses

from cdc_perf.errors import StackFailure
from cdc_perf.stack.connect_api import (
    ConnectApi,
    ConnectorStatus,
    Rebalancing,
    ServerError,
    Unreachable,
)
from cdc_perf.stack.endpoints import Endpoints

URL = "http://127.0.0.1:20003"
NAME = "postgres-cdc-connector"
STATUS = f"{URL}/connectors/{NAME}/status"
CONFIG = f"{URL}/connectors/{NAME}/config"
API = ConnectApi(URL)

Ask = Callable[[], object]
ASKS: dict[str, tuple[str, str, Ask]] = {
    "cluster id": ("GET", f"{URL}/", API.cluster_id),
    "config": ("GET", CONFIG, lambda: API.config(NAME)),
    "put": ("PUT", CONFIG, lambda: API.put_config(NAME, {"a": "b"})),
    "status": ("GET", STATUS, lambda: API.status(NAME)),
    "restart": ("POST", f"{URL}/connectors/{NAME}/restart", lambda: API.restart(NAME)),
    "delete": ("DELETE", f"{URL}/connectors/{NAME}", lambda: API.delete(NAME)),
}


def trace(first: str) -> str:
    return f"{first}\n\tat io.debezium.A.b(A.java:1)\nCaused by: java.lang.Error\n"


def status(state: str, *tasks: tuple[str, str], cause: str = "") -> dict[str, object]:
    """Return the answer to a question for the status, as Connect gives it."""
    return {
        "name": NAME,
        "connector": {"state": state, "worker_id": "127.0.0.1:20003"}
        | ({"trace": cause} if cause else {}),
        "tasks": [
            {"id": number, "state": task, "worker_id": "x"} | ({"trace": why} if why else {})
            for number, (task, why) in enumerate(tasks)
        ],
        "type": "source",
    }


def test_a_refused_login_says_where_it_is_set() -> None:
    api = ConnectApi("http://someone:hunter2@connect.test")
    with responses.RequestsMock() as mock:
        mock.get(re.compile(".*"), status=401, body="who is hunter2?")
        with pytest.raises(StackFailure) as caught:
            api.version()
    assert str(caught.value) == (
        "http://***@connect.test refuses the login (401 to GET /)\n"
        "  remedy: correct the user and the password in CDC_CONNECT_URL"
    )


def test_the_authorities_of_a_stack_verify_its_worker(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    secured = msgspec.structs.replace(endpoints, connect_url=URL, connect_ca="/a/ca.pem")
    for each, verify in ((secured, "/a/ca.pem"), (endpoints, True)):
        with responses.RequestsMock() as mock:
            mock.get(f"{each.connect_url}/", json={"version": "4"})
            ConnectApi.of(each).version()
            request: Any = mock.calls[0].request
            assert request.req_kwargs["verify"] == verify


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize(
    ("error", "state"),
    [
        (requests.ConnectionError("refused"), "ConnectionError"),
        (requests.ConnectTimeout("slow"), "ConnectTimeout"),
        (requests.ReadTimeout("silent"), "ReadTimeout"),
        (requests.exceptions.ChunkedEncodingError("killed"), "ChunkedEncodingError"),
        (requests.exceptions.InvalidSchema("no SOCKS"), "no SOCKS"),
        (requests.exceptions.InvalidProxyURL("no proxy"), "no proxy"),
        (requests.TooManyRedirects("in a circle"), "TooManyRedirects"),
        (
            requests.exceptions.SSLError(
                "(Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] "
                "certificate verify failed: Hostname mismatch. (_ssl.c:1006)')))"
            ),
            "TLS: certificate verify failed: Hostname mismatch",
        ),
        (requests.exceptions.SSLError("in other words"), "the TLS handshake failed"),
    ],
    ids=[
        *("refused", "no connection in time", "no answer in time", "killed while it answers"),
        *("a proxy that requests cannot use", "a proxy that is none", "redirected for ever"),
        *("a certificate of another host", "another TLS error"),
    ],
)
@responses.activate
def test_a_connect_that_does_not_answer_is_unreachable(
    ask: tuple[str, str, Ask], error: Exception, state: str
) -> None:
    method, url, call = ask
    responses.add(method, url, body=error)
    with pytest.raises(Unreachable, match=f"^{URL} does not answer: {state}$"):
        call()


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
@responses.activate
def test_a_rebalancing_connect_says_so(ask: tuple[str, str, Ask]) -> None:
    method, url, call = ask
    responses.add(method, url, status=409, json={"error_code": 409, "message": "rebalance"})
    with pytest.raises(Rebalancing, match=f"^{URL} is rebalancing$"):
        call()


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        ('{"error_code": 500, "message": "no leader"}', "no leader", ()),
        (
            '{"error_code": 500, "message": "1 error(s):\\nA value is required\\n\\nYou can"}',
            "1 error(s):",
            ("A value is required", "You can"),
        ),
        ("<h1>Error</h1>\nmore", "<h1>Error</h1>", ("more",)),
        ('["message"]', '["message"]', ()),
        ("", "Internal Server Error", ()),
    ],
    ids=["a message", "several lines", "HTML", "a list", "nothing"],
)
@responses.activate
def test_an_error_is_a_failure_with_its_reason(
    ask: tuple[str, str, Ask], body: str, reason: str, detail: tuple[str, ...]
) -> None:
    method, url, call = ask
    responses.add(method, url, status=500, body=body)
    with pytest.raises(StackFailure) as caught:
        call()
    assert caught.value.message.startswith(f"Kafka Connect answered 500 to {method} ")
    assert caught.value.message.endswith(f": {reason}")
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("name", "answer"), [("config", None), ("status", None), ("restart", False), ("delete", False)]
)
@responses.activate
def test_a_connector_that_is_not_there_is_an_answer(name: str, answer: object) -> None:
    method, url, call = ASKS[name]
    responses.add(method, url, status=404, json={"error_code": 404, "message": "not found"})
    assert call() is answer


@responses.activate
def test_putting_a_configuration_where_it_cannot_be_put_fails() -> None:
    responses.add("PUT", CONFIG, status=404, json={"message": "no such plugin"})
    with pytest.raises(StackFailure, match=r"answered 404 to PUT .*: no such plugin"):
        API.put_config(NAME, {})


@responses.activate
def test_where_a_worker_that_starts_takes_no_configuration_it_is_tried_again() -> None:
    responses.add("PUT", CONFIG, status=404)
    with pytest.raises(Unreachable, match="is still starting"):
        API.put_config(NAME, {})


@responses.activate
def test_a_connect_without_its_pages_is_still_starting() -> None:
    responses.add("GET", f"{URL}/", status=404, body="<html>")
    with pytest.raises(Unreachable, match="is still starting"):
        API.cluster_id()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        *((name, "<h1>It works!</h1>") for name in ("cluster id", "config", "status")),
        *((name, "1") for name in ("cluster id", "config", "status")),
        *((name, "") for name in ("cluster id", "config", "status")),
        ("cluster id", '{"version": "7"}'),
        ("status", "[]"),
        ("status", '{"connector": []}'),
    ],
)
@responses.activate
def test_another_program_on_its_port_is_distinguished_from_connect(name: str, body: str) -> None:
    method, url, call = ASKS[name]
    responses.add(method, url, body=body)
    with pytest.raises(StackFailure, match=f"^{URL} is not Kafka Connect: "):
        call()


@responses.activate
def test_what_connect_says_is_understood() -> None:
    responses.add("GET", f"{URL}/", json={"version": "4.3.1", "kafka_cluster_id": "abc"})
    responses.add("GET", CONFIG, json={"name": NAME, "tasks.max": "1"})
    responses.add("PUT", CONFIG, status=201, json={})
    responses.add("POST", f"{URL}/connectors/{NAME}/restart", status=202, json=status("RUNNING"))
    responses.add("DELETE", f"{URL}/connectors/{NAME}", status=204)
    assert API.cluster_id() == "abc"
    assert API.config(NAME) == {"name": NAME, "tasks.max": "1"}
    API.put_config(NAME, {"a": "b"})
    assert API.restart(NAME)
    assert API.delete(NAME)
    assert responses.calls[2].request.body == b'{"a": "b"}'
    assert str(responses.calls[3].request.url).endswith("/restart?includeTasks=true")


@pytest.mark.parametrize(
    ("answer", "running", "failures"),
    [
        (status("RUNNING", ("RUNNING", "")), True, ()),
        (status("RUNNING", ("RUNNING", ""), ("RUNNING", "")), True, ()),
        (status("RUNNING"), False, ()),
        (status("UNASSIGNED", ("RUNNING", "")), False, ()),
        (status("PAUSED", ("PAUSED", "")), False, ()),
        (status("RUNNING", ("RUNNING", ""), ("RESTARTING", "")), False, ()),
        (
            status("RUNNING", ("FAILED", trace("a.ConnectException: slot is gone"))),
            False,
            (("task 0", "Error"),),
        ),
        (
            status("FAILED", ("FAILED", ""), cause=trace("java.lang.Error: no")),
            False,
            ((f"connector {NAME}", "Error"), ("task 0", "no trace given")),
        ),
    ],
    ids=[
        *("running", "two tasks", "no task yet", "unassigned", "paused", "restarting"),
        *("failed task", "failed connector"),
    ],
)
@responses.activate
def test_a_connector_runs_when_all_of_it_runs(
    answer: dict[str, object], *, running: bool, failures: tuple[tuple[str, str], ...]
) -> None:
    responses.add("GET", STATUS, json=answer)
    found = API.status(NAME)
    assert isinstance(found, ConnectorStatus)
    assert found.running is running
    assert tuple((x.who, x.cause) for x in found.failures) == failures


@pytest.mark.parametrize(("status_code", "server"), [(500, True), (503, True), (400, False)])
@responses.activate
def test_what_connect_may_do_a_moment_later_is_distinguished_from_a_rejection(
    status_code: int, *, server: bool
) -> None:
    responses.add("GET", STATUS, status=status_code, json={"message": "no"})
    with pytest.raises(StackFailure) as caught:
        API.status(NAME)
    assert isinstance(caught.value, ServerError) is server
