"""The training run reports to the build of its tool; its cleanup after a failure is silent."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import canary
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local import training
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.tools.cache import Tool
from cdc_perf.tools.catalogue import Catalogue

LOG = logging.getLogger("cdc_perf.tests")


def tool(name: str) -> Tool:
    return Tool(name, "1.0", f"{name}-0123456789ab", 1, lambda *_: None)


TOOLS = Catalogue(*map(tool, ("postgres", "java", "kafka", "mongodb", "k6", "jmx")))


@pytest.fixture
def build(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline, endpoints: Endpoints, tmp_path: Path
) -> Callable[[Callable[[str], None]], None]:
    """Return the build of the tool on a fake stack."""

    class Stack:
        def __init__(
            self, checkout: Checkout, trained: Pipeline, layout: Layout, _install: object
        ) -> None:
            # The caches are the same for every pipeline.
            assert checkout.pipeline.name == "sample"
            assert trained == pipeline
            self.root = layout.root

        def up(self) -> Endpoints:
            self.root.mkdir()
            LOG.info("kafka is ready")
            return endpoints

        def down(self) -> None:
            LOG.info("the stack is down")

        def abandon(self) -> None:
            LOG.info("the stack is abandoned")

    class Programs(Supervisor):
        def stop_program(self, name: str) -> None:
            (tmp_path / f"{name}.aot").touch()

    monkeypatch.setattr(training, "LocalStack", Stack)
    monkeypatch.setattr(training, "Supervisor", Programs)
    monkeypatch.setattr(canary, "run_canary", lambda *_: 0.1)
    storage = tool("storage")
    other = Checkout.at(Checkout.here().root, {"CDC_PIPELINE": str(tmp_path / "of a user")})
    made = training.training_tool(TOOLS, storage, other)
    needs = {each.name: tmp_path for each in made.needs}
    return lambda note: made.build(tmp_path, needs, note)


def test_the_messages_of_the_stack_are_the_progress_of_the_tool(
    build: Callable[[Callable[[str], None]], None], progress: list[str]
) -> None:
    noted: list[str] = []
    build(noted.append)
    assert noted[:2] == ["kafka is ready", "1 of 20 events in the training run"]
    assert noted[-2:] == ["the JVMs write their caches", "the stack is down"]
    assert progress == []


def test_a_build_that_is_canceled_ends_and_stops_its_stack_silently(
    build: Callable[[Callable[[str], None]], None], progress: list[str]
) -> None:
    def cancel(line: str) -> None:
        raise StackFailure(f"canceled at: {line}")

    with pytest.raises(StackFailure, match="canceled at: kafka is ready"):
        build(cancel)
    assert progress == []
