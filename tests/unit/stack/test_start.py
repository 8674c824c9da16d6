import logging
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import connector, readiness, start
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.tool_paths import Installed
from cdc_perf.stack.start import up, wait_ready
from cdc_perf.waiting import NotReady

LOG = logging.getLogger("cdc_perf.tests")


def install(*, observe: bool, proxied: bool) -> tuple[Installed, dict[str, str]]:
    raise AssertionError((observe, proxied))


class Recorded(LocalStack):
    """A backend, and its starter, that note what is done to them."""

    deadline_seconds: ClassVar = 30.0
    interval_seconds: ClassVar = 0.001

    def __init__(
        self,
        pipeline: Pipeline,
        endpoints: Endpoints,
        *,
        is_up: bool = True,
        stops: tuple[str, ...] = (),
        fault: BaseException | None = None,
        remedy: str = "",
        root: Path = Path("nowhere"),
    ) -> None:
        self.checkout = Checkout.at(root, {})
        super().__init__(self.checkout, pipeline, Layout(Path()), install)
        self.addresses = endpoints
        self.is_up = is_up
        self.stops = stops
        self.fault = fault
        self.remedy = remedy
        self.done: list[str] = []

    def endpoints(self) -> Endpoints | None:
        return self.addresses if self.is_up else None

    def abandon(self) -> bool:
        self.done.append("abandon")
        LOG.info("the stack is down")
        return True

    def announce(self) -> None:
        self.done.append("announce")
        LOG.info("an earlier start left a volume")

    def start(self, *, observe: bool, proxied: bool) -> Endpoints:
        self.done.append(f"start, observe={observe}, proxied={proxied}")
        if self.fault is not None:
            raise self.fault
        return self.addresses

    def stopped(self) -> tuple[str, ...]:
        return self.stops

    def start_again(self, name: str) -> None:
        self.done.append(f"start {name}")

    def ended(self, _name: str) -> str:
        return self.remedy

    def log(self, name: str) -> Path:
        return Path(f"{name}.log")

    def last_lines(self, _name: str) -> tuple[str, ...]:
        return ("out of memory",)


@pytest.fixture(autouse=True)
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without servers, the checks of the pipeline would wait for an answer."""
    monkeypatch.setattr(start, "check_pipeline", lambda *_: ())


def test_what_an_earlier_start_left_goes_quietly_before_a_start(
    pipeline: Pipeline, endpoints: Endpoints, tmp_path: Path, progress: list[str]
) -> None:
    schema = Checkout.at(tmp_path, {}).pipeline / pipeline.postgres.schema
    schema.parent.mkdir(parents=True)
    schema.touch()
    stack = Recorded(pipeline, endpoints, is_up=False, root=tmp_path)
    assert up(stack, stack, pipeline, observe=True) == endpoints
    assert stack.done == ["announce", "abandon", "start, observe=True, proxied=False"]
    assert progress[0] == "an earlier start left a volume"
    assert [line.split(" after ")[0] for line in progress[1:]] == ["the stack is up"]
    assert stack.checkout.started_file.exists()


@pytest.mark.parametrize("fault", [StackFailure("no port"), KeyboardInterrupt()])
def test_of_a_start_that_fails_nothing_is_left(
    pipeline: Pipeline, endpoints: Endpoints, fault: BaseException, progress: list[str]
) -> None:
    stack = Recorded(pipeline, endpoints, is_up=False, fault=fault)
    with pytest.raises(type(fault)) as caught:
        up(stack, stack, pipeline, observe=False)
    assert caught.value is fault
    assert stack.done[-2:] == ["start, observe=False, proxied=False", "abandon"]
    assert progress == ["an earlier start left a volume", "the stack is down"]


def test_a_stack_that_is_up_is_left_as_it_is(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    monkeypatch.setattr(connector, "revive", lambda *_: False)
    stack = Recorded(pipeline, endpoints)
    assert up(stack, stack, pipeline, observe=False) == endpoints
    assert (stack.done, len(progress)) == ([], 1)


def test_a_connector_that_does_not_run_is_brought_back_and_the_pipeline_proven(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Recorded(pipeline, endpoints)

    def revive(*_: object) -> bool:
        stack.done.append("connector")
        return True

    monkeypatch.setattr(connector, "revive", revive)
    monkeypatch.setattr(readiness, "consumer_ready", lambda _: stack.done.append("consumer"))
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_: stack.done.append("canary"))
    assert up(stack, stack, pipeline, observe=False) == endpoints
    assert stack.done == ["connector", "consumer", "canary"]


@pytest.mark.parametrize(
    ("condition", "proven"),
    [(Condition.RUNNING, False), (Condition.FAILED, True), (Condition.ABSENT, True)],
)
def test_a_sink_connector_that_did_not_run_has_to_pass_a_row(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, condition: Condition, *, proven: bool
) -> None:
    root = Path(__file__).parents[3]
    folder = str(root / "pipelines" / "postgres-to-postgres")
    pipeline = load_pipeline(Checkout.at(root, {PIPELINE: folder}))
    stack = Recorded(pipeline, endpoints)
    health = ConnectorHealth("jdbc-sink-connector", condition, "x")
    monkeypatch.setattr(start, "read_sink_health", lambda *_: health)
    monkeypatch.setattr(start, "deploy_sink", lambda *_: stack.done.append("sink connector"))
    monkeypatch.setattr(connector, "revive", lambda *_: False)
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_: stack.done.append("canary"))
    up(stack, stack, pipeline, observe=False)
    assert stack.done == ["sink connector", *(["canary"] if proven else [])]


def test_what_was_stopped_is_started_and_the_pipeline_proven(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    stack = Recorded(pipeline, endpoints, stops=("kafka", "consumer"))
    monkeypatch.setattr(
        connector, "wait_running", lambda *_, resume: stack.done.append(f"connector {resume}")
    )
    monkeypatch.setattr(readiness, "consumer_ready", lambda _: stack.done.append("consumer"))
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_: stack.done.append("canary"))
    assert up(stack, stack, pipeline, observe=False) == endpoints
    started = ["start kafka", "start consumer"]
    assert stack.done == [*started, "connector True", "consumer", "canary"]
    assert progress == [
        "kafka was stopped: starting it",
        "consumer was stopped: starting it",
        "consumer is ready",
    ]


def test_a_stack_without_prometheus_is_not_started_again_to_be_observed(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "revive", lambda *_: False)
    stack = Recorded(pipeline, endpoints, stops=("kafka",))
    with pytest.raises(StackFailure, match="up without Prometheus"):
        up(stack, stack, pipeline, observe=True)
    assert stack.done == []
    observed = msgspec.structs.replace(endpoints, prometheus_url="http://127.0.0.1:9090")
    stack = Recorded(pipeline, observed)
    assert up(stack, stack, pipeline, observe=True) == observed


def test_a_component_that_gets_ready_is_reported(
    pipeline: Pipeline, endpoints: Endpoints, progress: list[str]
) -> None:
    answers = iter([NotReady("not yet"), None])

    def probe() -> None:
        if answer := next(answers):
            raise answer

    wait_ready(Recorded(pipeline, endpoints), "kafka", probe)
    assert progress == ["kafka is ready"]


def test_a_component_that_ended_is_not_waited_for(pipeline: Pipeline, endpoints: Endpoints) -> None:
    stack = Recorded(pipeline, endpoints, remedy="free some memory")
    with pytest.raises(StackFailure, match="kafka exited during startup") as caught:
        wait_ready(stack, "kafka", lambda: None)
    assert (caught.value.hint, caught.value.detail) == ("free some memory", ("out of memory",))


def test_a_component_that_does_not_get_ready_shows_its_log(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def probe() -> None:
        raise NotReady("it does not answer")

    monkeypatch.setattr(Recorded, "deadline_seconds", 0.01)
    with pytest.raises(StackFailure, match="kafka was not ready within") as caught:
        wait_ready(Recorded(pipeline, endpoints), "kafka", probe)
    assert (caught.value.hint, caught.value.detail) == ("see kafka.log", ("out of memory",))
