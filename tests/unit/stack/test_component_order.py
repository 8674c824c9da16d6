"""The order in which the components start, become ready, and stop; no component is left out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from cdc_perf.settings.paths import PIPELINE as CDC_PIPELINE
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import connector, kafka_client, readiness, topics
from cdc_perf.stack import start as any_start
from cdc_perf.stack.component_specs import COMPONENTS, PIPELINE, SPECS
from cdc_perf.stack.compose import start as compose_start
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local import jvm, layout, mongodb, postgres
from cdc_perf.stack.local import start as local_start
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.observe import Observers
from cdc_perf.stack.local.program import Program
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.stack.local.tool_paths import Installed
from tests.unit.stack.fixed_ports import PORTS

CHECKOUT = Checkout.here()


class Recorder(Supervisor):
    """A supervisord that records what it is asked to do."""

    def __init__(self, files: Layout) -> None:
        super().__init__(files)
        self.programs: tuple[str, ...] = ()
        self.done: list[str] = []

    def start(self, programs: Sequence[Program]) -> None:
        self.programs = tuple(program.name for program in programs)

    def start_program(self, name: str) -> None:
        self.done.append(name)

    def stop_program(self, name: str) -> None:
        self.done.append(f"stop {name}")

    def kill_program(self, name: str, number: str) -> None:
        self.done.append(f"{number} {name}")

    def alive(self) -> bool:
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        return {name: {} for name in self.programs}

    def shut_down(self) -> None:
        self.done.append("shut down")


def run_callback(
    _starter: object,
    pipeline: Pipeline,
    *_arguments: object,
    start_consumer: Callable[[], None],
    **_: object,
) -> None:
    if pipeline.consumer is not None:
        start_consumer()


def started_locally(
    folder: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, *, observe: bool
) -> Recorder:
    """Start the embedded stack without processes; return what supervisord was asked."""
    recorder = Recorder(Layout(folder))
    for module in (layout, postgres):
        monkeypatch.setattr(module, "postgres_user", lambda: None)
    monkeypatch.setattr(local_start, "choose", lambda _: PORTS)
    monkeypatch.setattr(local_start, "make_pipeline", run_callback)
    monkeypatch.setattr(local_start, "wait_ready", lambda *_: None)
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_: None)
    monkeypatch.setattr(mongodb, "find_server", lambda *_: mongodb.MongoServer("8", None))
    monkeypatch.setattr(jvm, "copy_storage", lambda *_: None)
    monkeypatch.setattr(postgres, "create_cluster", lambda *_: recorder.done.append("cluster"))
    observers = Observers(folder, "2.42.0", folder, CHECKOUT.prometheus)
    installed = Installed(
        postgres=folder,
        java=jvm.Java(folder, folder, None),
        storage=folder,
        mongodb=folder,
        k6=None,
        observers=observers if observe else None,
    )
    starter = local_start.LocalStarter(
        CHECKOUT,
        pipeline,
        Layout(folder),
        recorder,
        lambda *, observe, proxied: (installed, {"mongodb": f"{observe} {proxied}"}),
    )
    starter.start(observe=observe, proxied=False)
    return recorder


def test_the_embedded_stack_starts_the_slowest_first_and_the_consumer_last(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = started_locally(tmp_path, pipeline, monkeypatch, observe=False)
    assert found.done == ["kafka", "connect", "mongodb", "cluster", "postgres", "consumer"]
    assert sorted(found.programs) == sorted(COMPONENTS)


def test_an_observed_embedded_stack_starts_prometheus_before_the_pipeline_is_made(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = started_locally(tmp_path, pipeline, monkeypatch, observe=True)
    assert found.done[-3:] == ["postgres", "prometheus", "consumer"]
    assert set(found.programs) == set(found.done) - {"cluster"}
    assert sorted(found.programs) == sorted(spec.name for spec in SPECS if spec.embedded)


def local_stack(
    folder: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> tuple[LocalStack, Recorder]:
    recorder = Recorder(Layout(folder))
    monkeypatch.setattr("cdc_perf.stack.local.backend.Supervisor", lambda _: recorder)

    def install(*_: object, observe: bool, proxied: bool) -> tuple[Installed, dict[str, str]]:
        raise AssertionError(observe)

    return LocalStack(CHECKOUT, pipeline, Layout(folder), install), recorder


STOPPED = [
    *("QUIT postgres", "KILL kafka", "KILL connect", "KILL mongodb", "KILL consumer"),
    *(f"stop {name}" for name in COMPONENTS),
    "shut down",
]


@pytest.mark.parametrize("stop", [LocalStack.down, LocalStack.abandon])
def test_an_embedded_stack_is_killed_except_postgres_which_cleans_up(
    stop: Callable[[LocalStack], bool],
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    stack, recorder = local_stack(tmp_path, pipeline, monkeypatch)
    recorder.programs = COMPONENTS
    assert stop(stack)
    assert recorder.done == STOPPED


def test_a_stack_is_stopped_whose_pipeline_had_fewer_components(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack, recorder = local_stack(tmp_path, pipeline, monkeypatch)
    recorder.programs = ("kafka", "prometheus")
    assert stack.down()
    assert recorder.done == ["KILL kafka", "stop kafka", "shut down"]


class FakeCompose:
    """Compose's command, which records the services that it is asked for."""

    def __init__(self) -> None:
        self.variables: Mapping[str, str] = {}
        self.done: list[object] = []

    def images(self) -> dict[str, str]:
        return {
            "kafka": "a",
            "kafka-connect": "b",
            "otel-collector": "c",
            "grafana": "d",
            "mongodb": "e",
        }

    def build(self, service: str) -> None:
        self.done.append(f"build {service}")

    def start(self, services: Sequence[str]) -> None:
        self.done.append(list(services))


class FakeProject:
    """A project whose images are all present."""

    def __init__(self) -> None:
        self.needed: list[str] = []
        self.containers = SimpleNamespace(missing=self.needed.extend)
        self.command = FakeCompose()

    def compose(self, variables: Mapping[str, str]) -> FakeCompose:
        self.command.variables = variables
        return self.command


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The ports of the compose stack; what comes after its start succeeds."""
    names = [
        *("POSTGRES_PORT", "KAFKA_PORT", "CONNECT_PORT", "MONGODB_PORT", "CONSUMER_PORT"),
        *("PROMETHEUS_PORT", "GRAFANA_PORT"),
    ]
    variables = {name: str(20_001 + number) for number, name in enumerate(names)}
    monkeypatch.setattr("cdc_perf.stack.compose.ports.is_free", lambda _: True)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(compose_start, "make_pipeline", run_callback)
    monkeypatch.setattr(readiness, "prometheus_ready", lambda _: None)
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_: None)
    return variables


def starter_of(
    folder: Path, pipeline: Pipeline, project: FakeProject, plugins: Mapping[str, Path]
) -> compose_start.ComposeStarter:
    return compose_start.ComposeStarter(
        Checkout.at(folder, {}), pipeline, cast("Any", project), lambda: folder, lambda: plugins
    )


@pytest.mark.parametrize("observe", [False, True])
def test_the_compose_stack_starts_the_consumer_after_the_others(
    pipeline: Pipeline, published: dict[str, str], tmp_path: Path, *, observe: bool
) -> None:
    project = FakeProject()
    endpoints = starter_of(tmp_path, pipeline, project, {}).start(observe=observe, proxied=False)
    assert endpoints.connector_sink == "mongodb:27017"
    first = ["kafka", "kafka-connect", "mongodb", "postgres", "otel-collector"]
    assert project.command.done == [
        *(first, "build cdc-consumer", ["cdc-consumer"]),
        *([["prometheus", "grafana"]] if observe else []),
    ]
    started = {x for each in project.command.done if isinstance(each, list) for x in each}
    services = {spec.service for spec in (SPECS if observe else PIPELINE)}
    assert started == {*services, "otel-collector"}
    variables = project.command.variables
    assert {k: v for k, v in variables.items() if k.endswith("_PORT")} == published
    assert not {k for k in variables if "PLUGIN" in k}
    agents = {k for k in project.command.variables if k.endswith("_JVM_OPTS")}
    assert agents == ({"KAFKA_JVM_OPTS", "CONNECT_JVM_OPTS"} if observe else set())


def pipeline_in(folder: str) -> Pipeline:
    root = CHECKOUT.root
    return load_pipeline(Checkout.at(root, {CDC_PIPELINE: str(root / "pipelines" / folder)}))


@pytest.mark.usefixtures("published")
def test_the_compose_stack_mounts_the_plugins_and_starts_only_what_the_pipeline_has(
    tmp_path: Path,
) -> None:
    jars = tmp_path / "cache" / "jdbc-0123"
    jars.mkdir(parents=True, mode=0o700)
    (jars / "a.jar").write_bytes(b"a")
    (jars / "a.jar").chmod(0o600)
    project = FakeProject()
    starter = starter_of(
        tmp_path, pipeline_in("postgres-to-postgres"), project, {"jdbc-sink": jars}
    )
    endpoints = starter.start(observe=False, proxied=False)
    assert project.command.done == [["kafka", "kafka-connect", "postgres", "otel-collector"]]
    assert "mongodb" not in project.needed
    assert endpoints.connector_sink == "postgres:5432"
    variables = project.command.variables
    folder = Path(variables["CONNECT_PLUGINS"])
    assert folder.is_relative_to(tmp_path / ".stack")
    assert variables["CONNECT_PLUGIN_PATH"] == "/kafka/connect,/kafka/plugins"
    mounted = folder / "jdbc-sink" / "a.jar"
    # The worker has another user, and follows no link out of the mount.
    assert not mounted.is_symlink()
    assert [oct(path.stat().st_mode & 0o777) for path in (mounted, mounted.parent)] == [
        "0o644",
        "0o755",
    ]
    # Another start removes the plugins of the last one.
    starter_of(tmp_path, pipeline_in("mongodb-sink"), project, {}).start(
        observe=False, proxied=False
    )
    assert not folder.exists()


@pytest.mark.usefixtures("published")
def test_the_compose_stack_without_a_sink_has_neither_mongodb_nor_consumer(tmp_path: Path) -> None:
    project = FakeProject()
    starter = starter_of(tmp_path, pipeline_in("kafka-only"), project, {})
    assert starter.start(observe=False, proxied=False).connector_sink == ""
    assert project.command.done == [["kafka", "kafka-connect", "postgres", "otel-collector"]]
    assert "mongodb" not in project.needed


class Waits:
    """A starter that records the components that it is asked about."""

    deadline_seconds: ClassVar = 1.0
    interval_seconds: ClassVar = 0.001
    checkout = CHECKOUT

    def __init__(self) -> None:
        self.done: list[str] = []

    def ended(self, name: str) -> str:
        self.done.append(name)
        return ""

    def log(self, name: str) -> Path:
        return Path(name)

    def last_lines(self, _name: str) -> tuple[str, ...]:
        return ()


def test_each_component_is_waited_for(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = Waits()
    quiet: list[tuple[Any, str]] = [
        *((readiness, name) for name in ("prepare_source", "connect_cluster", "consumer_ready")),
        *((kafka_client, "cluster_id"), (topics, "create"), (connector, "deploy")),
        (any_start, "prepare_target"),
    ]
    for module, name in quiet:
        monkeypatch.setattr(module, name, lambda *_: "")
    any_start.make_pipeline(
        cast("Any", starter),
        pipeline,
        CHECKOUT.root,
        endpoints,
        start_consumer=lambda: starter.done.append("start consumer"),
    )
    expected = ["postgres", "mongodb", "kafka", "start consumer", "connect", "consumer"]
    assert starter.done == expected
    assert set(starter.done) - {"start consumer"} == set(COMPONENTS)
