"""The rules of Prometheus: valid, each alert seen silent and firing, and a broken one seen red.

By promtool, which comes with Prometheus; no registry of packages that are fetched has it, so where
it is not on PATH the tests are skipped: `apt-get install prometheus` brings it.
"""

import shutil
from pathlib import Path

import pytest
import yaml

from cdc_perf import process
from cdc_perf.settings.paths import Checkout

PROMTOOL = shutil.which("promtool")
SETTINGS = Checkout.here().prometheus
pytestmark = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not on PATH: apt-get install prometheus"
)


def promtool(*words: str | Path) -> process.Completed:
    assert PROMTOOL is not None
    return process.run([PROMTOOL, *words], check=False, timeout_seconds=60)


def alerts(folder: Path) -> list[str]:
    content = yaml.safe_load((folder / "rules" / "alerts.yml").read_text(encoding="utf-8"))
    return [rule["alert"] for group in content["groups"] for rule in group["rules"]]


def test_the_settings_and_the_rules_are_valid() -> None:
    completed = promtool("check", "config", SETTINGS / "prometheus.yml")
    assert completed.exit_code == 0, completed.output


def test_every_alert_behaves_as_its_tests_say() -> None:
    completed = promtool("test", "rules", SETTINGS / "tests" / "alerts.yml")
    assert completed.exit_code == 0, completed.output


def test_every_alert_is_seen_silent_and_firing() -> None:
    content = yaml.safe_load((SETTINGS / "tests" / "alerts.yml").read_text(encoding="utf-8"))
    seen = [
        (case["alertname"], bool(case.get("exp_alerts")))
        for test in content["tests"]
        for case in test.get("alert_rule_test", ())
    ]
    assert set(seen) == {(name, fires) for name in alerts(SETTINGS) for fires in (False, True)}


@pytest.mark.parametrize("name", alerts(SETTINGS))
@pytest.mark.slow
def test_an_alert_that_never_fires_turns_its_tests_red(tmp_path: Path, name: str) -> None:
    copy = tmp_path / "prometheus"
    shutil.copytree(SETTINGS, copy)
    path = copy / "rules" / "alerts.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for rule in content["groups"][0]["rules"]:
        if rule["alert"] == name:
            rule["expr"] = f"({rule['expr']}) and vector(1) > 2"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    completed = promtool("test", "rules", copy / "tests" / "alerts.yml")
    assert completed.exit_code != 0
    assert name in completed.output
