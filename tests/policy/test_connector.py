"""What pipeline.toml asks of a connector is safe for a cluster that others run."""

from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline

ROOT = Path(__file__).parents[2]
# The settings that trade durability for speed, and the values that do not.
# https://kafka.apache.org/documentation/#producerconfigs
SAFE = {
    "producer.override.acks": {"all", "-1"},
    "producer.override.enable.idempotence": {"true"},
    "errors.tolerance": {"none"},
    "slot.drop.on.stop": {"false"},
    "event.processing.failure.handling.mode": {"fail"},
}


@pytest.mark.parametrize("setting", SAFE)
def test_no_setting_weakens_durability(setting: str) -> None:
    config = load_pipeline(Checkout.at(ROOT, {})).connector.config
    assert config.get(setting) in {None, *SAFE[setting]}
