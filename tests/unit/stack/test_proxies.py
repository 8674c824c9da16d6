"""The proxies in front of the links of the embedded stack."""

import json
from pathlib import Path

import pytest

from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.links import LINKS, links_of
from cdc_perf.stack.local import proxies as module
from cdc_perf.stack.local.jvm import write_settings
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.passwords import Passwords
from cdc_perf.stack.local.proxies import ProxyPorts, as_the_consumer_reaches, toxiproxy
from cdc_perf.stack.local.state import LocalState
from tests.unit.stack.fixed_ports import PORTS, PROXIES
from tests.unit.stack.test_jvm import properties


def test_ports_are_chosen_for_each_link_and_each_client_of_the_broker(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter(range(20_100, 20_200))
    monkeypatch.setattr(module, "free_port", lambda _taken: next(free))
    found = ProxyPorts.choose(links_of(pipeline), PORTS)
    assert found.listeners == PROXIES.listeners
    for link, server in PROXIES.servers.items():
        if link not in found.listeners:
            assert found.servers[link] == server
    chosen = [found.api, *found.proxies.values(), *found.servers.values()]
    assert len({*chosen}) == len(chosen)


def test_the_links_connect_components_and_are_those_of_the_pipeline(pipeline: Pipeline) -> None:
    assert {x for link in LINKS for x in (link.client, link.server)} <= set(COMPONENTS)
    assert links_of(pipeline) == LINKS
    root = Checkout.here().root
    folder = root / "pipelines" / "kafka-only"
    kafka_only = load_pipeline(Checkout.at(root, {PIPELINE: str(folder)}))
    names = [link.name for link in links_of(kafka_only)]
    assert names == ["postgres-connect", "connect-kafka"]


def test_each_client_of_the_broker_has_a_listener_that_advertises_its_proxy(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path / ".stack")
    write_settings(layout, PORTS, Passwords(), proxies=PROXIES)
    kafka = properties(layout.settings / "kafka.properties")
    listeners, advertised = (
        dict(x.split("://") for x in kafka[name].split(","))
        for name in ("listeners", "advertised.listeners")
    )
    for link, name in PROXIES.listeners.items():
        assert listeners[name] == f"127.0.0.1:{PROXIES.servers[link]}"
        assert advertised[name] == f"127.0.0.1:{PROXIES.proxies[link]}"
        assert f"{name}:PLAINTEXT" in kafka["listener.security.protocol.map"].split(",")
    # The harness and k6 reach the broker without a proxy.
    assert advertised["PLAINTEXT"] == f"127.0.0.1:{PORTS.kafka}"
    connect = properties(layout.settings / "connect.properties")
    assert connect["bootstrap.servers"] == f"127.0.0.1:{PROXIES.proxies['connect-kafka']}"


def test_the_consumer_reaches_the_broker_and_the_sink_through_its_proxies(
    endpoints: Endpoints,
) -> None:
    found = as_the_consumer_reaches(endpoints, PROXIES)
    assert found.kafka_bootstrap == f"127.0.0.1:{PROXIES.proxies['kafka-consumer']}"
    assert found.mongodb_uri == f"mongodb://127.0.0.1:{PROXIES.proxies['consumer-mongodb']}"
    assert found.postgres_dsn == endpoints.postgres_dsn


def test_toxiproxy_gets_a_proxy_for_each_link(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path / ".stack")
    layout.settings.mkdir(parents=True)
    program = toxiproxy(layout, Path("/tools/server"), PROXIES)
    words = list(map(str, program.argv[:5]))
    assert words == ["/tools/server", "-host", "127.0.0.1", "-port", str(PROXIES.api)]
    content = json.loads(Path(program.argv[-1]).read_text(encoding="utf-8"))
    assert [each["name"] for each in content] == [link.name for link in LINKS]
    servers = {each["name"]: each["upstream"] for each in content}
    assert servers["postgres-connect"] == f"127.0.0.1:{PORTS.postgres}"
    assert servers["consumer-mongodb"] == f"127.0.0.1:{PORTS.mongodb}"


def test_the_state_keeps_the_ports(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    LocalState(ports=PORTS, cluster_id="x", versions={}, proxies=PROXIES).write(file)
    state = LocalState.read(file)
    assert state is not None
    assert state.proxies == PROXIES
    assert (state.port("toxiproxy"), state.port("kafka")) == (PROXIES.api, PORTS.kafka)
