"""The declaration of the components, and what has to agree with it but cannot derive from it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from cdc_perf.settings.metrics import load_metrics, of_jvm
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import ExternalStackSettings, Pipeline, PortSettings
from cdc_perf.stack.component_specs import (
    COMPONENTS,
    JVMS,
    OBSERVERS,
    PIPELINE,
    SPECS,
    start_order,
)
from cdc_perf.stack.connector_health import CONNECTOR
from cdc_perf.stack.endpoints import Endpoints, on_loopback
from cdc_perf.stack.external.addresses import _FORMS
from cdc_perf.stack.local.embedded import component_versions
from cdc_perf.stack.local.ports import Ports
from cdc_perf.stack.probes import probe_all
from cdc_perf.stack.started import Started
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.catalogue import catalogue

CHECKOUT = Checkout.here()


@pytest.mark.parametrize("field", ["name", "service", "address"])
def test_no_two_components_share(field: str) -> None:
    values = [getattr(spec, field) for spec in SPECS]
    assert len(set(values)) == len(values)


def test_the_names_are_in_the_order_of_the_data_flow() -> None:
    assert COMPONENTS == ("postgres", "kafka", "connect", "mongodb", "consumer")
    assert OBSERVERS == ("prometheus", "grafana")
    assert JVMS == ("kafka", "connect")


def test_each_component_of_the_pipeline_starts_once() -> None:
    assert sorted((*(spec.name for spec in start_order()), "consumer")) == sorted(COMPONENTS)
    assert all(spec.embedded for spec in PIPELINE)
    places = [spec.start for spec in PIPELINE]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("ports", [Ports, PortSettings])
def test_each_listener_of_the_embedded_stack_has_a_port(ports: type[msgspec.Struct]) -> None:
    listeners = [name for spec in SPECS if spec.embedded for name in spec.listeners]
    assert sorted(listeners) == sorted(ports.__struct_fields__)


def test_each_embedded_component_has_a_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # It runs Go.
    monkeypatch.setattr("cdc_perf.tools.catalogue.k6_tool", lambda *_: None)
    versions = component_versions(catalogue(CHECKOUT.root, Cache(tmp_path)))
    assert tuple(versions) == COMPONENTS
    assert all(versions.values())


def test_each_component_has_an_address(pipeline: Pipeline) -> None:
    ports = {spec.name: 20_001 + number for number, spec in enumerate(SPECS)}
    found = on_loopback("compose", pipeline, ports, observed=True)
    for spec in SPECS:
        assert f"127.0.0.1:{ports[spec.name]}" in getattr(found, spec.address)


def test_an_external_stack_can_give_each_address_but_grafanas() -> None:
    addresses = {spec.address for spec in SPECS} - {"grafana_url"}
    files = {"kafka_client_file", "connect_ca"}
    assert {*addresses, *files, "connector_postgres", "sink_dsn", "toxiproxy_url"} == set(
        ExternalStackSettings.__struct_fields__
    )
    assert set(_FORMS) == set(ExternalStackSettings.__struct_fields__)


def test_each_component_of_an_external_stack_is_probed_at_its_address(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = ("connector", "mongodb_database", *(spec.address for spec in PIPELINE))
    named: dict[str, Any] = {name: f"the {name}" for name in fields}
    endpoints = Endpoints(**named)
    probed: dict[str, str] = {}
    monkeypatch.setattr(
        "cdc_perf.stack.probes._probe",
        lambda name, address, _question: probed.update({name: address}),
    )
    probe_all(pipeline, endpoints)
    assert probed.pop(CONNECTOR) == "the connect_url"
    assert list(probed.items()) == [(spec.name, f"the {spec.address}") for spec in PIPELINE]


def test_a_change_of_each_components_section_is_noticed() -> None:
    sections = {*COMPONENTS, "sink", "sink_connector", "connect"} & {*Pipeline.__struct_fields__}
    assert sections <= set(Started.__struct_fields__)


def test_each_component_has_its_metrics() -> None:
    metrics = load_metrics(CHECKOUT)
    for kind in ("cpu_", "memory_"):
        found = {name.removeprefix(kind) for name in metrics if name.startswith(kind)}
        assert found == {*COMPONENTS, "k6"}
    heaps = {f"{kind}_{name}" for name in JVMS for kind in ("heap_live", "outside_heap")}
    assert heaps == {name for name in metrics if of_jvm(name)}


def test_prometheus_scrapes_each_component_that_has_metrics() -> None:
    settings = yaml.safe_load((CHECKOUT.prometheus / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job["static_configs"] for job in settings["scrape_configs"]}
    assert set(jobs) == {spec.service for spec in SPECS if spec.metrics_listener}
    for service, (target,) in jobs.items():
        assert [address.partition(":")[0] for address in target["targets"]] == [service]


def test_each_jvm_has_settings_of_its_jmx_agent() -> None:
    found = {path.stem for path in (CHECKOUT.prometheus / "jmx").glob("*.yml")}
    assert found == set(JVMS)


def test_the_compose_file_passes_options_to_each_jvm() -> None:
    services = yaml.safe_load((CHECKOUT.root / "docker-compose.yml").read_text(encoding="utf-8"))
    for spec in SPECS:
        environment = services["services"][spec.service].get("environment", {})
        options = f"${{{spec.jvm_variable}:-}}"
        assert (environment.get("KAFKA_OPTS") == options) == spec.jvm
