"""The plugins of a pipeline's Connect worker."""

from pathlib import Path

import pytest

from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.tools.jars import plugin_tools

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("sample", []),
        ("kafka-only", []),
        ("mongodb-sink", ["mongodb-sink"]),
        ("postgres-to-postgres", ["jdbc-sink"]),
    ],
)
def test_each_plugin_is_a_tool_of_the_locked_jars_of_its_pipeline(
    folder: str, names: list[str]
) -> None:
    checkout = Checkout.at(ROOT, {PIPELINE: str(ROOT / "pipelines" / folder)})
    tools = plugin_tools(checkout, load_pipeline(checkout))
    assert [*tools] == names
    assert [tool.name for tool in tools.values()] == [f"Connect plugin {name}" for name in names]
