"""The Docker engine of this machine and its Compose, or the reason why they are unusable."""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient
from docker.errors import DockerException

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.stack.local.diagnosis import CheckResult, Health

_SOCKET = "unix://"
_DEFAULT_HOST = f"{_SOCKET}/var/run/docker.sock"
# The first version with `compose up --pull`.
_LEAST_COMPOSE = (2, 6)
# The first version whose statistics need not wait 1 s for a second sample (Docker 20.10).
_LEAST_API = (1, 41)
REQUIRED = "Docker 20.10 and Compose 2.6, or newer"
_CLI_SECONDS = 20.0
_ANSWER_SECONDS = 30
_OTHERWISE = "or use the stack without Docker: --stack local"


@dataclass(frozen=True)
class DockerEngine:
    """An engine that answers.

    Attributes:
        client: Its API client.
        version: The engine's version.
        compose: The version of Compose.
    """

    client: APIClient
    version: str
    compose: str

    def __str__(self) -> str:
        """Return both versions as text."""
        return f"Docker {self.version} with Compose {self.compose}"


def find_engine(environment: Mapping[str, str]) -> DockerEngine:
    """Return the engine that the `docker` command uses.

    Raises:
        StackFailure: There is none, access to it is denied, or it lacks Compose v2.
    """
    if shutil.which("docker") is None:
        raise StackFailure("docker is not on PATH", hint=f"install Docker, {_OTHERWISE}")
    host = environment.get("DOCKER_HOST") or _host_of_context()
    _check_socket(host)
    compose = _compose_version()
    try:
        client = APIClient(base_url=host, version="auto", timeout=_ANSWER_SECONDS)
        version = str(client.version()["Version"])
        api = tuple(int(part) for part in client.api_version.split("."))
    except (DockerException, OSError, LookupError, ValueError) as error:
        raise StackFailure(
            f"no Docker engine at {host}: {error}",
            hint=f"start it (systemctl start docker), {_OTHERWISE}",
        ) from None
    if api < _LEAST_API:
        raise StackFailure(
            f"Docker {version} is too old: cdc-perf needs {REQUIRED}",
            hint=f"update it, {_OTHERWISE}",
        )
    return DockerEngine(client, version, compose)


def _host_of_context() -> str:
    """Return the engine's address in the current context of the `docker` command."""
    asked = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    completed = process.run(asked, timeout_seconds=_CLI_SECONDS, check=False)
    found = completed.output.strip()
    return found if completed.exit_code == 0 and found else _DEFAULT_HOST


def _check_socket(host: str) -> None:
    if not host.startswith(_SOCKET):
        raise StackFailure(
            f"the Docker engine at {host} runs on another machine: its ports on "
            "127.0.0.1 cannot be reached from here",
            hint=f"use one on this machine (unset DOCKER_HOST, docker context use), {_OTHERWISE}",
        )
    path = Path(host.removeprefix(_SOCKET))
    try:
        there = path.exists()
    except PermissionError:
        there = True
    if not there:
        raise StackFailure(
            f"no Docker engine at {host}",
            hint=f"start it (systemctl start docker), {_OTHERWISE}",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise StackFailure(
            f"you have no permission to use Docker: {path}",
            hint=f"join the group docker (usermod -aG docker USER, log in again), {_OTHERWISE}",
        )


def _compose_version() -> str:
    asked = ["docker", "compose", "version", "--short"]
    completed = process.run(asked, timeout_seconds=_CLI_SECONDS, check=False)
    version = completed.output.strip().removeprefix("v")
    found_version = version_in(version) if completed.exit_code == 0 else None
    if found_version is not None and found_version >= _LEAST_COMPOSE:
        return version
    if found_version is not None and found_version >= (2, 0):
        raise StackFailure(
            f"Compose {version} is too old: cdc-perf needs {REQUIRED}",
            hint=f"update its plugin (package docker-compose-plugin), {_OTHERWISE}",
        )
    old = shutil.which("docker-compose") is not None
    found = "only Compose v1 (docker-compose) is installed" if old else "Docker has no Compose v2"
    raise StackFailure(
        found, hint=f"install its plugin (package docker-compose-plugin), {_OTHERWISE}"
    )


def version_in(text: str) -> tuple[int, int] | None:
    """Return the major and minor version in Compose's version text; None if it has none."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def diagnose_docker() -> CheckResult:
    """Check for an engine; a missing one is no problem, because the embedded stack replaces it."""
    try:
        found = f"{find_engine(os.environ)}: `auto` uses the compose stack"
    except StackFailure as failure:
        found = f"{failure.message}: `auto` uses the local stack; compose needs {REQUIRED}"
    return CheckResult(what="docker", health=Health.OK, found=found)
