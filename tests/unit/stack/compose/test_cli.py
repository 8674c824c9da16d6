from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.stack.compose.cli import Compose


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    return Compose(tmp_path, "cdc-perf-test", {"KAFKA_PORT": "29092"})


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Compose says before it fails."""
    lines: list[str] = []

    def fail(*_: object, **__: object) -> process.Completed:
        raise StackFailure("docker compose ... ended with exit code 1", detail=tuple(lines))

    monkeypatch.setattr(process, "run", fail)
    return lines


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("Bind for 127.0.0.1:9092 failed: port is already allocated", "another program took a"),
        ("write /var/lib/docker/x: no space left on device", "the engine's disk is full"),
        ("Cannot connect to the Docker daemon at unix:///x", "start the engine"),
        ("Range of CPUs is from 0.01 to 1.00", "the engine has fewer CPUs"),
    ],
)
def test_what_compose_complains_of_has_its_remedy(
    compose: Compose, said: list[str], line: str, remedy: str
) -> None:
    said.append(line)
    with pytest.raises(StackFailure) as caught:
        compose.start(["kafka"])
    assert caught.value.message == "cannot start the containers"
    assert caught.value.hint.startswith(remedy)
    assert caught.value.detail == (line,)


def test_an_image_that_cannot_be_had_names_the_registry_and_the_way_without(
    compose: Compose, said: list[str]
) -> None:
    said.append("Error response from daemon: manifest for mongo:8 not found: manifest unknown")
    with pytest.raises(StackFailure, match="cannot pull the images") as caught:
        compose.pull(["mongodb"])
    for word in ("DOCKER_HUB", "QUAY", "_TAG", "--stack local"):
        assert word in caught.value.hint


def test_the_project_and_the_ports_travel_in_the_environment(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: dict[str, object] = {}

    def note(argv: list[str], **options: object) -> process.Completed:
        called.update(options, argv=argv)
        return process.Completed(tuple(argv), 0, '{"services": {"a": {"image": "x"}}}', ())

    monkeypatch.setattr(process, "run", note)
    assert compose.images() == {"a": "x"}
    assert called["env"] == {
        "COMPOSE_PROJECT_NAME": "cdc-perf-test",
        "COMPOSE_PROGRESS": "quiet",
        "KAFKA_PORT": "29092",
    }
    argv = called["argv"]
    assert isinstance(argv, list)
    # Compose before 2.19 refuses it.
    assert "--progress" not in argv
    assert called["cwd"] == compose.root
