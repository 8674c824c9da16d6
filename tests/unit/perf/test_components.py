"""The wait for a stack whose components come back, or do not."""

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.perf import components as module
from cdc_perf.perf.components import wait_for_components
from cdc_perf.stack.component import ComponentStatus, State
from cdc_perf.waiting import WaitTimeout
from tests.unit.perf.fakes import FakeBackend


class Stack(FakeBackend):
    """A stack whose consumer is in one state after the other; the last one stays."""

    def __init__(self, *states: State) -> None:
        super().__init__()
        self.states = list(states)

    def status(self) -> tuple[ComponentStatus, ...]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return (
            *super().status(),
            ComponentStatus("consumer", "1", state, None, None, None, None),
            ComponentStatus("prometheus", "1", "missing", None, None, None, None),
        )


def test_a_component_that_comes_back_is_waited_for() -> None:
    stack = Stack("missing", "running")
    wait_for_components(stack)
    assert stack.states == ["running"]


def test_one_that_was_stopped_is_not_waited_for() -> None:
    with pytest.raises(StackFailure, match="consumer stopped"):
        wait_for_components(Stack("stopped"))


def test_one_that_does_not_come_back_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 0.01)
    with pytest.raises(WaitTimeout, match="consumer not running"):
        wait_for_components(Stack("missing"))
