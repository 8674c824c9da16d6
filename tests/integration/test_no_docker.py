"""`--stack compose` on machines where Docker is missing, forbidden, old or elsewhere."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from cdc_perf import process
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv

pytestmark = pytest.mark.slow
_NOTHING_LISTENS = "unix:///nonexistent/docker.sock"


def docker(folder: Path, script: str) -> dict[str, str]:
    """Put a `docker` that does what the script says first on PATH."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def a_socket(folder: Path) -> Path:
    path = folder / "docker.sock"
    path.touch()
    return path


@pytest.fixture(scope="module")
def inv(tmp_path_factory: pytest.TempPathFactory) -> Inv:
    """A checkout in which no stack is up: one that is would be the reason to refuse another."""
    return Inv(copy_checkout(tmp_path_factory.mktemp("no-docker") / "checkout"))


def refused(inv: Inv, environment: dict[str, str]) -> str:
    completed = inv("up", "--stack", "compose", env=environment)
    assert completed.exit_code == 3, completed.output
    assert "Traceback" not in completed.output
    assert "--stack local" in completed.output
    return completed.output


def test_no_docker(inv: Inv, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "DOCKER_HOST": _NOTHING_LISTENS}
    assert "docker is not on PATH" in refused(inv, environment)


def test_an_engine_that_does_not_run(inv: Inv, tmp_path: Path) -> None:
    environment = {**docker(tmp_path, "exit 0"), "DOCKER_HOST": _NOTHING_LISTENS}
    assert f"no Docker engine at {_NOTHING_LISTENS}" in refused(inv, environment)


def test_the_engine_of_the_current_context_is_looked_for(inv: Inv, tmp_path: Path) -> None:
    script = f'[ "$1 $2" = "context inspect" ] && echo {_NOTHING_LISTENS}'
    output = refused(inv, {**docker(tmp_path, script), "DOCKER_HOST": ""})
    assert f"no Docker engine at {_NOTHING_LISTENS}" in output


def test_an_engine_on_another_machine(inv: Inv, tmp_path: Path) -> None:
    environment = {**docker(tmp_path, "exit 0"), "DOCKER_HOST": "ssh://somewhere.test"}
    assert "runs on another machine" in refused(inv, environment)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use any socket")
def test_no_permission(inv: Inv, tmp_path: Path) -> None:
    socket = a_socket(tmp_path)
    socket.chmod(0)
    environment = {**docker(tmp_path, "exit 0"), "DOCKER_HOST": f"unix://{socket}"}
    assert f"you have no permission to use Docker: {socket}" in refused(inv, environment)


@pytest.mark.parametrize(
    "script", ["echo unknown command >&2; exit 1", "echo 1.29.2"], ids=["none", "v1"]
)
def test_no_compose_v2(inv: Inv, tmp_path: Path, script: str) -> None:
    socket = a_socket(tmp_path)
    environment = {**docker(tmp_path, script), "DOCKER_HOST": f"unix://{socket}"}
    assert "docker-compose-plugin" in refused(inv, environment)


def test_a_socket_without_a_server(inv: Inv, tmp_path: Path) -> None:
    socket = a_socket(tmp_path)
    environment = {**docker(tmp_path, "echo 2.40.0"), "DOCKER_HOST": f"unix://{socket}"}
    assert f"no Docker engine at unix://{socket}" in refused(inv, environment)


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker command here")
@pytest.mark.parametrize("file", ["docker-compose.yml", "k6/docker-compose.k6.yml"])
def test_compose_takes_the_files(inv: Inv, file: str) -> None:
    if process.run(["docker", "compose", "version"], check=False).exit_code:
        pytest.skip("docker has no compose here")
    inv.checkout.stack.mkdir(exist_ok=True)
    words = ["docker", "compose", "-f", file, "--profile", "*", "config", "--quiet"]
    completed = process.run(words, cwd=inv.checkout.root, check=False)
    assert (completed.exit_code, completed.output) == (0, "")
