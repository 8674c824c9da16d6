from pathlib import Path

import msgspec

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.component_specs import SPECS
from cdc_perf.stack.endpoints import Endpoints, on_loopback


def test_endpoints_read_back_from_their_file(tmp_path: Path, endpoints: Endpoints) -> None:
    path = tmp_path / ".stack" / "endpoints.json"
    endpoints.write(path)
    assert msgspec.json.decode(path.read_bytes(), type=Endpoints) == endpoints


def test_each_address_has_its_variable(endpoints: Endpoints) -> None:
    environment = endpoints.environment()
    assert environment["CDC_POSTGRES_DSN"] == endpoints.postgres_dsn
    assert environment["CDC_MONGODB_DATABASE"] == "cdc"
    assert len(environment) == len(Endpoints.__struct_fields__)


def test_the_generator_gets_what_its_clients_know(endpoints: Endpoints) -> None:
    client = {"security.protocol": "SASL_SSL", "sasl.password": "p", "socket.keepalive.enable": "1"}
    secured = msgspec.structs.replace(endpoints, kafka_client=client, connect_ca="/a/ca.pem")
    environment = secured.environment()
    known = {"security.protocol": "SASL_SSL", "sasl.password": "p"}
    assert msgspec.json.decode(environment["CDC_KAFKA_CLIENT"]) == known
    assert environment["SSL_CERT_FILE"] == "/a/ca.pem"


def test_what_listens_on_this_machine_has_its_addresses(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    names = (spec.name for spec in SPECS if spec.embedded)
    ports = {name: 20_001 + number for number, name in enumerate(names)}
    assert on_loopback("local", pipeline, ports, observed=False) == endpoints
    observed = on_loopback("local", pipeline, ports, observed=True)
    assert observed.prometheus_url == f"http://127.0.0.1:{ports['prometheus']}"
    assert observed.grafana_url == ""
    with_grafana = on_loopback("compose", pipeline, {**ports, "grafana": 20_007}, observed=True)
    assert with_grafana.grafana_url == "http://127.0.0.1:20007"
    assert (
        on_loopback("compose", pipeline, {**ports, "grafana": 1}, observed=False).grafana_url == ""
    )
