"""Which faults are injected, when, and what is known of each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.faults import player as module
from cdc_perf.faults.context import FaultContext
from cdc_perf.faults.detection import Detection, Signal
from cdc_perf.faults.live_ledger import Flow, LiveLedger
from cdc_perf.faults.player import FaultPlayer
from cdc_perf.load.progress import LoadProgress
from cdc_perf.settings.faults import Fault, Freeze, Kill, PlannedFault
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until

RUNNING = LoadProgress(
    elapsed_seconds=0.0,
    total_seconds=60.0,
    running=True,
    vus=1,
    iterations=0,
    iterations_per_second=0.0,
    errors=0,
    p95_ms=None,
)
KILL = Fault("kill:connect", Kill(component="connect", description="kill"))
FREEZE = Fault("freeze:kafka", Freeze(component="kafka", duration="20s", description="freeze"))


class FakeControl:
    """Notes what is done to the components."""

    def __init__(self, *, broken: str = "") -> None:
        self.broken = broken
        self.done: list[str] = []

    def _do(self, what: str) -> str:
        self.done.append(what)
        if what == self.broken:
            raise StackFailure(f"cannot {what}")
        return f"{what} was seen"

    def kill(self, component: str) -> str:
        return self._do(f"kill {component}")

    def freeze(self, component: str) -> str:
        return self._do(f"freeze {component}")

    def thaw(self, component: str) -> None:
        self._do(f"thaw {component}")

    def stop(self, component: str) -> str:
        return self._do(f"stop {component}")

    def start(self, component: str) -> None:
        self._do(f"start {component}")

    def fill_disk(self, component: str) -> str:
        return self._do(f"fill {component}")

    def free_disk(self, component: str) -> None:
        self._do(f"free {component}")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses, no signals, and a pipeline that is as before at once."""

    @contextmanager
    def silent(_pipeline: Pipeline, _endpoints: Endpoints) -> Iterator[Detection]:
        yield Detection((Signal(lambda: ""),))

    monkeypatch.setattr(module, "detecting", silent)
    monkeypatch.setattr(module, "STEADY_SECONDS", 0.0)
    monkeypatch.setattr(LiveLedger, "flow", lambda _: Flow(20.0, 0.01))
    monkeypatch.setattr(LiveLedger, "is_like", lambda *_: True)


def player_of(control: FakeControl, tmp_path: Path, *planned: PlannedFault) -> FaultPlayer:
    context = FaultContext(cast("Pipeline", None), cast("Endpoints", None), control)
    return FaultPlayer(planned, context, tmp_path / "ledger.tsv", 0.0)


def wait_for(condition: object, player: FaultPlayer) -> None:
    def probe() -> None:
        if not callable(condition) or not condition():
            raise NotReady("not yet")

    wait_until(probe, what="the player", deadline_seconds=5)
    assert player is not None


@pytest.mark.usefixtures("quick")
def test_a_list_is_played_in_order_and_then_the_load_may_end(tmp_path: Path) -> None:
    control = FakeControl()
    player = player_of(control, tmp_path, PlannedFault(KILL), PlannedFault(KILL))
    assert not player.finished
    player.follow(RUNNING)
    wait_for(lambda: player.finished, player)
    first, second = player.close()
    assert control.done == ["kill connect", "kill connect"]
    assert first.happened
    assert second.happened
    assert (first.number, second.number) == (1, 2)
    assert first.proof == "kill connect was seen"
    assert first.components == ("connect",)


@pytest.mark.usefixtures("quick")
def test_nothing_is_injected_before_the_load_runs(tmp_path: Path) -> None:
    control = FakeControl()
    player = player_of(control, tmp_path, PlannedFault(KILL))
    (injection,) = player.close()
    assert control.done == []
    assert not injection.happened
    assert injection.began is None
    assert "was not injected" in injection.failure


@pytest.mark.usefixtures("quick")
def test_an_interruption_ends_the_fault_that_is_up(tmp_path: Path) -> None:
    control = FakeControl()
    player = player_of(control, tmp_path, PlannedFault(FREEZE, 0.0), PlannedFault(KILL, 50.0))
    player.follow(RUNNING)
    wait_for(lambda: control.done, player)
    frozen, killed = player.close()
    assert control.done == ["freeze kafka", "thaw kafka"]
    assert frozen.happened
    assert frozen.ended is not None
    assert not killed.happened
    assert not [each for each in threading.enumerate() if each.name == "faults"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("broken", ["freeze kafka", "thaw kafka"])
def test_a_fault_that_fails_is_undone_and_did_not_happen(tmp_path: Path, broken: str) -> None:
    control = FakeControl(broken=broken)
    short = Fault("freeze:kafka", Freeze(component="kafka", duration="1ms", description="freeze"))
    player = player_of(control, tmp_path, PlannedFault(short))
    player.follow(RUNNING)
    wait_for(lambda: player.finished, player)
    (injection,) = player.close()
    assert control.done[-1] == "thaw kafka"
    assert not injection.happened
    assert injection.failure == f"cannot {broken}"


@pytest.mark.usefixtures("quick")
def test_without_a_recovery_the_rest_is_not_injected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveLedger, "is_like", lambda *_: False)
    monkeypatch.setattr(module, "RECOVERY_SECONDS", 0.3)
    player = player_of(FakeControl(), tmp_path, PlannedFault(KILL), PlannedFault(FREEZE))
    player.follow(RUNNING)
    wait_for(lambda: player.finished, player)
    first, second = player.close()
    assert first.happened
    assert not second.happened
    assert "the pipeline had not recovered" in second.failure


@pytest.mark.usefixtures("quick")
def test_a_latency_that_stays_higher_does_not_end_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveLedger, "is_like", lambda *given: given[-1] > 0)
    monkeypatch.setattr(module, "LATENCY_SECONDS", 0.1)
    player = player_of(FakeControl(), tmp_path, PlannedFault(KILL), PlannedFault(KILL))
    player.follow(RUNNING)
    wait_for(lambda: player.finished, player)
    assert all(injection.happened for injection in player.close())


@pytest.mark.usefixtures("quick")
def test_a_list_reports_how_far_it_is_and_which_fault_is_up(tmp_path: Path) -> None:
    control = FakeControl()
    player = player_of(control, tmp_path, PlannedFault(FREEZE), PlannedFault(KILL))
    assert str(player.progress) == "fault 0 of 2"
    player.follow(RUNNING)
    wait_for(lambda: "freeze kafka" in control.done, player)
    assert str(player.progress) == "fault 1 of 2 (freeze:kafka)"
    assert player.active() == {"freeze:kafka": True, "kill:connect": False}
    player.close()
    assert player.active() == {"freeze:kafka": False, "kill:connect": False}


def test_faults_with_times_leave_the_progress_to_the_time(tmp_path: Path) -> None:
    assert player_of(FakeControl(), tmp_path, PlannedFault(KILL, 9.0)).progress is None
