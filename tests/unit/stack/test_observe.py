"""Prometheus beside the embedded stack: found or said to be missing, and its settings."""

from pathlib import Path

import pytest
import yaml

from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.local import observe
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.observe import Observers, find_prometheus, program, write_settings
from tests.unit.stack.fixed_ports import PORTS

SETTINGS = Checkout.here().prometheus


def observers(settings: Path = SETTINGS) -> Observers:
    return Observers(Path("/usr/bin/prometheus"), "2.42.0", Path("/agent.jar"), settings)


def test_without_a_prometheus_one_line_says_so_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackFailure, match="prometheus is not on PATH") as raised:
        find_prometheus()
    assert "apt-get install prometheus" in raised.value.hint


def test_the_targets_are_this_stacks_and_the_rules_the_committed_ones(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.settings.mkdir()
    write_settings(layout, observers(), PORTS)
    written = yaml.safe_load((layout.settings / "prometheus.yml").read_text(encoding="utf-8"))
    committed = yaml.safe_load((SETTINGS / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {x["job_name"]: x["static_configs"] for x in written["scrape_configs"]}
    assert targets == {
        "cdc-consumer": [{"targets": [f"127.0.0.1:{PORTS.consumer}"]}],
        "kafka": [{"targets": [f"127.0.0.1:{PORTS.kafka_jmx}"]}],
        "kafka-connect": [{"targets": [f"127.0.0.1:{PORTS.connect_jmx}"]}],
    }
    assert written["rule_files"] == [f"{SETTINGS}/rules/*.yml"]
    assert written["global"] == committed["global"]


def test_a_job_that_the_stack_does_not_have_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(
        "rule_files: []\nscrape_configs: [{job_name: stranger}]\n", encoding="utf-8"
    )
    layout = Layout(tmp_path)
    layout.settings.mkdir()
    with pytest.raises(StackFailure, match="no target for job stranger"):
        write_settings(layout, observers(tmp_path), PORTS)
    assert not (layout.settings / "prometheus.yml").exists()


def test_everything_listens_on_the_loopback_interface_alone(tmp_path: Path) -> None:
    words = [str(word) for word in program(Layout(tmp_path), observers(), PORTS).argv]
    assert f"--web.listen-address=127.0.0.1:{PORTS.prometheus}" in words
    for name, flag in observe.agent_flags(observers(), PORTS).items():
        port = getattr(PORTS, f"{name}_jmx")
        assert f"=127.0.0.1:{port}:{SETTINGS}/jmx/{name}.yml" in flag
