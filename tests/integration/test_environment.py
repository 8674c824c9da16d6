"""What the shell has set for k6, libpq, Java, Python and Go, and for proxies, changes nothing."""

import json
import re
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil
import pytest
from pytest_httpserver import HTTPServer

from cdc_perf import environment, process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.stack.connect_api import ConnectApi, Unreachable
from cdc_perf.stack.endpoints import Endpoints
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, read

HOSTILE = {
    # Another load, none at all, another place for the samples.
    "K6_VUS": "3",
    "K6_DURATION": "90s",
    "K6_ITERATIONS": "5",
    "K6_PAUSED": "true",
    "K6_OUT": "csv=/nonexistent/x",
    "K6_THROW": "true",
    "K6_NO_SETUP": "true",
    "K6_STAGES": "90s:3",
    "K6_RPS": "1",
    "K6_NO_THRESHOLDS": "true",
    "K6_SYSTEM_TAGS": "vu",
    # Another server, sessions that only read, encryption that the server does not have.
    "PGHOST": "192.0.2.1",
    "PGPORT": "1",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGSSLMODE": "verify-full",
    "PGSERVICE": "nothing",
    "PGDATA": "/nonexistent",
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "Asia/Tokyo",
    # JVMs that do not start.
    "JAVA_TOOL_OPTIONS": "-XX:+NoSuchFlag",
    "_JAVA_OPTIONS": "-Xmx1m",
    "JDK_JAVA_OPTIONS": "-Dx=y",
    "CLASSPATH": "/nonexistent",
    "KAFKA_OPTS": "-Dx=y",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "1",
    "PYTHONIOENCODING": "ascii:strict",
    "GOMAXPROCS": "1",
    "GOFLAGS": "-race",
    "GOOS": "windows",
    "CGO_ENABLED": "0",
    "MALLOC_ARENA_MAX": "1",
    "GIT_DIR": "/nonexistent",
    "COMPOSE_PROJECT_NAME": "another",
}
# Nobody listens there.
DEAD = "127.0.0.1:9"
PROXIES = {
    "http_proxy": f"http://{DEAD}",
    "HTTPS_PROXY": f"http://{DEAD}",
    "ALL_PROXY": f"socks5://{DEAD}",
    "all_proxy": f"socks5://{DEAD}",
    # Without the user's own exceptions, whatever the machine has.
    "no_proxy": "",
    "NO_PROXY": "",
}
VUS, SECONDS = 10, 10


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    (home / "k6").mkdir()
    (home / "k6" / "config.json").write_text('{"paused": true}', encoding="utf-8")
    return {**HOSTILE, **PROXIES, "XDG_CONFIG_HOME": str(home)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, hostile: Mapping[str, str]) -> Iterator[Inv]:
    """A checkout whose stack was started under the variables."""
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("hostile") / "checkout"))
    completed = inv("up", "--stack", "local", env=hostile)
    try:
        assert completed.exit_code == 0, completed.output
        yield inv
    finally:
        inv("down")
        process_tags.end_tagged_processes(inv.checkout.root)


@pytest.mark.slow
def test_every_component_runs_without_the_variables(fresh: Inv) -> None:
    seen = set()
    for process in process_tags.tagged_processes(fresh.checkout.root):
        with suppress(psutil.Error):
            found = process.environ()
            seen.add(Path(process.exe()).name)
            assert not {name for name, value in HOSTILE.items() if found.get(name) == value}
    assert {"java", "postgres"} <= seen
    assert len(seen) > 2, seen


@pytest.mark.slow
def test_the_load_is_the_planned_one(fresh: Inv, hostile: Mapping[str, str]) -> None:
    words = ("perf", "--scenarios", "baseline", "--duration", f"{SECONDS}s", "--json")
    completed = fresh(*words, env=hostile)
    # Too short for every percentile; on a busy machine a limit may not hold.
    assert completed.exit_code in {0, ExitCode.FAIL, ExitCode.NO_DATA, ExitCode.INVALID}
    words_said = Counter(re.findall(r"\w+", completed.output))
    assert {name: words_said[name] for name in HOSTILE} == dict.fromkeys(HOSTILE, 1)
    run = fresh.run_of(completed)
    recorded = next(x for x in read(run / "run.json")["scenarios"] if x["name"] == "baseline")
    assert recorded["executor"] == {
        "executor": "constant-vus",
        "vus": VUS,
        "duration": f"{SECONDS}s",
    }
    assert recorded["k6_exit_code"] in {0, 99}
    metrics = read(run / "baseline" / "summary.json")["metrics"]
    assert metrics["vus_max"]["values"]["max"] == VUS
    iterations = metrics["iterations"]["values"]
    rate, count = iterations["rate"], iterations["count"]
    assert count > VUS
    assert SECONDS * 0.8 < count / rate < SECONDS + 10


def through(endpoints: Endpoints, **changes: str) -> dict[str, str]:
    return {**endpoints.environment(), "CDC_CONNECTOR_POSTGRES": "", **changes}


def answers(inv: Inv, env: Mapping[str, str]) -> dict[str, str]:
    completed = inv("status", "--stack", "external", "--json", env=env)
    assert "Traceback" not in completed.output
    found = completed.output
    return {x["name"]: x["state"] for x in json.loads(found[found.index("[") :])}


@pytest.mark.slow
def test_an_external_stack_on_loopback_is_asked_without_the_proxy(
    fresh: Inv, hostile: Mapping[str, str]
) -> None:
    endpoints = Endpoints.read(fresh.checkout.endpoints_file, "local")
    assert endpoints is not None
    slashes = {
        "CDC_CONNECT_URL": f" {endpoints.connect_url}/ ",
        "CDC_CONSUMER_URL": f"{endpoints.consumer_url}//",
        "CDC_KAFKA_BOOTSTRAP": f"{endpoints.kafka_bootstrap}/",
        "CDC_POSTGRES_DSN": f"{endpoints.postgres_dsn}/",
    }
    for changes in ({}, slashes):
        found = answers(fresh, {**hostile, **through(endpoints, **changes)})
        assert set(found.values()) == {"running"}, found


@pytest.mark.slow
def test_another_address_is_asked_through_the_user_s_proxy(
    fresh: Inv, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/").respond_with_json({"version": "1.2.3", "kafka_cluster_id": "x"})
    endpoints = Endpoints.read(fresh.checkout.endpoints_file, "local")
    assert endpoints is not None
    there = through(endpoints, CDC_CONNECT_URL="http://connect.test:8083/")
    found = answers(fresh, {**there, **PROXIES, "http_proxy": httpserver.url_for("")})
    assert found["connect"] == "running"
    assert found["consumer"] == "running"
    assert {request.host for request, _ in httpserver.log} == {"connect.test:8083"}


@pytest.mark.slow
def test_a_proxy_that_cannot_be_used_is_no_traceback(fresh: Inv) -> None:
    endpoints = Endpoints.read(fresh.checkout.endpoints_file, "local")
    assert endpoints is not None
    there = through(endpoints, CDC_CONNECT_URL="http://connect.test:8083")
    for proxy in (f"http://{DEAD}", f"socks5://{DEAD}", "http://", "nonsense://x"):
        only = {**dict.fromkeys(PROXIES, ""), "all_proxy": proxy, "http_proxy": proxy}
        found = answers(fresh, {**there, **only})
        assert (found["connect"], found["consumer"]) == ("failed", "running"), proxy


@pytest.mark.slow
def test_a_clean_environment_is_not_talked_about(fresh: Inv) -> None:
    completed = fresh("status")
    assert not environment.ignored(dict.fromkeys(completed.output.split(), ""))


class _Socks(socketserver.StreamRequestHandler):
    """Notes where a SOCKS5 client wants to go, and refuses (RFC 1928)."""

    asked: ClassVar[list[str]] = []

    def handle(self) -> None:
        _, methods = self.rfile.read(2)
        self.rfile.read(methods)
        self.wfile.write(b"\x05\x00")
        # Version, command, reserved, type: 3 is a name.
        assert self.rfile.read(4) == b"\x05\x01\x00\x03"
        name = self.rfile.read(self.rfile.read(1)[0]).decode()
        port = int.from_bytes(self.rfile.read(2))
        self.asked.append(f"{name}:{port}")
        self.wfile.write(b"\x05\x01\x00\x01" + bytes(6))


def test_a_socks_proxy_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socks", reason="requirements/dev.txt has PySocks")
    with socketserver.TCPServer(("127.0.0.1", 0), _Socks) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{server.server_address[1]}")
        with pytest.raises(Unreachable):
            ConnectApi("http://connect.test:8083").version()
        server.shutdown()
    assert _Socks.asked == ["connect.test:8083"]
