"""The other pipelines of the checkout on the compose stack."""

import json
from collections.abc import Iterator

import pytest
import requests

from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.stack.compose.engine import DockerEngine
from tests.compose.conftest import Docker, docker
from tests.integration.conftest import copy_checkout
from tests.integration.inv import read
from tests.pipelines.conftest import Site

pytestmark = pytest.mark.timeout(600)
NAMES = ("postgres-to-postgres", "mongodb-sink", "kafka-only")


@pytest.fixture(scope="module", params=NAMES)
def site(
    request: pytest.FixtureRequest, engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    root = copy_checkout(tmp_path_factory.mktemp(request.param) / "checkout").root
    chosen = {PIPELINE: str(root / "pipelines" / request.param)}
    inv = Docker(Checkout.at(root, chosen))
    inv.set_limits({})
    try:
        said = inv("up", "--stack", "compose")
        assert said.exit_code == ExitCode.PASS, said.output
        yield Site(request.param, inv, "compose")
    finally:
        # Also after an `up` that took too long, which was ended.
        inv("down", "--stack", "compose")
    assert not (inv.checkout.stack / "connect-plugins").exists()
    assert inv.project not in docker("ps", "-a", "--format", "{{.Names}}")


def test_it_has_the_components_and_connectors_that_it_needs(site: Site) -> None:
    rows = json.loads(site.inv("status", "--json").output)
    expected = ["postgres", "kafka", "connect"]
    if site.name == "mongodb-sink":
        expected.append("mongodb")
    expected += ["connector", "connector task 0"]
    if site.name != "kafka-only":
        expected += ["sink connector", "sink connector task 0"]
    assert sorted(row["name"] for row in rows) == sorted(expected)
    assert {row["state"] for row in rows} == {"running"}


def test_a_plugin_is_loaded_from_a_folder_that_the_worker_cannot_change(site: Site) -> None:
    loaded = requests.get(f"{site.endpoints.connect_url}/connector-plugins", timeout=10).json()
    classes = {each["class"] for each in loaded}
    connector = site.pipeline.sink_connector
    if connector is None:
        assert "io.debezium.connector.jdbc.JdbcSinkConnector" not in classes
        return
    assert connector.config["connector.class"] in classes
    assert isinstance(site.inv, Docker)
    name = f"{site.inv.project}-kafka-connect-1"
    mounts = json.loads(docker("inspect", "--format", "{{json .Mounts}}", name))
    (mounted,) = [each for each in mounts if each["Destination"] == "/kafka/plugins"]
    assert mounted["RW"] is False


def test_baseline_passes_with_integrity(site: Site) -> None:
    completed = site.inv.measured("--scenarios", "baseline", "--duration", "20s")
    assert completed.exit_code == ExitCode.PASS, completed.output
    integrity = read(site.inv.run_of(completed) / "baseline" / "integrity.json")
    assert integrity["acknowledged"]["c"] > 10
    assert (integrity["findings"], integrity["drain"]["outstanding"]) == ([], [])


# Last: what it removes stays removed.
def test_a_lost_row_is_named(site: Site) -> None:
    lost, *_ = site.insert(3)
    site.lose([lost])
    completed = site.inv("integrity", "--json")
    assert completed.exit_code == ExitCode.FAIL, completed.last_lines
    found = json.loads(completed.output[completed.output.index("{") :])
    missing = next(each for each in found["findings"] if each["kind"] == "missing")
    assert missing["table"] == "public.customer"
    if site.name != "kafka-only":
        assert [each["id"] for each in missing["samples"]] == [lost]
