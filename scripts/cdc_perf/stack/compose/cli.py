"""The Compose command for the project of one checkout.

It runs in the checkout's folder, so that Compose's conventions apply: `.env`,
docker-compose.override.yml, COMPOSE_FILE. containers.py does what the SDK can do better.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdc_perf import process
from cdc_perf.errors import StackFailure

_SECONDS = 60.0
_PROJECT = "COMPOSE_PROJECT_NAME"
# Enough for a base image and five others over a slow connection.
PULL_SECONDS = 1800.0
_LOCAL = "--stack local needs no images"
_REGISTRY = (
    "check that the registry is reachable, or set another (DOCKER_HUB, QUAY) or another tag "
    f"(*_TAG; docker-compose.yml has them all); {_LOCAL}"
)
_REMEDIES = {
    r"port is already allocated|address already in use": (
        "another program took a port: run the command again, or set other ports "
        "(POSTGRES_PORT, ...)"
    ),
    r"no space left on device": "the engine's disk is full: docker system df, docker system prune",
    r"permission denied.*docker\.sock": "join the group docker, then log in again",
    r"Cannot connect to the Docker daemon": "start the engine: systemctl start docker",
    r"Range of CPUs is from": "the engine has fewer CPUs than docker-compose.yml requires",
    r"variable is not set|invalid interpolation|yaml:|validating": "fix docker-compose.yml",
}


@dataclass(frozen=True)
class Compose:
    """The project of one checkout.

    Attributes:
        root: The checkout.
        project: The project's name.
        variables: Variables of docker-compose.yml.
    """

    root: Path
    project: str
    variables: Mapping[str, str]

    def images(self) -> dict[str, str]:
        """Return the image of each service that is pulled, not built.

        Raises:
            StackFailure: The compose file is invalid.
        """
        config: Any = json.loads(self.run("config", "--format", "json"))
        services = config["services"].items()
        return {name: service["image"] for name, service in services if "image" in service}

    def pull(self, services: Sequence[str]) -> None:
        """Pull the images of services.

        Raises:
            StackFailure: An image cannot be pulled.
        """
        self._run("cannot pull the images", _REGISTRY, "pull", "--quiet", *services)

    def build(self, service: str) -> None:
        """Build a service's image.

        Raises:
            StackFailure: It cannot be built.
        """
        self._run(f"cannot build the image of {service}", _REGISTRY, "build", service)

    def take(self, image: str, service: str) -> None:
        """Pull an image, and name it as Compose names the one that it builds for a service.

        Raises:
            StackFailure: It cannot be pulled.
        """
        for words in (("pull", "--quiet", image), ("tag", image, f"{self.project}-{service}")):
            process.run(["docker", *words], timeout_seconds=PULL_SECONDS)

    def start(self, services: Sequence[str]) -> None:
        """Create and start the containers of services whose images are present.

        Raises:
            StackFailure: A container cannot be started.
        """
        words = ("up", "--detach", "--no-build", "--no-deps", "--pull", "never", *services)
        self._run("cannot start the containers", "", *words)

    def down(self, grace_seconds: int) -> None:
        """Stop and remove all containers, their network and volumes, and locally built images.

        Raises:
            StackFailure: The engine refused.
        """
        words = ("--timeout", str(grace_seconds), "--volumes", "--remove-orphans", "--rmi", "local")
        self._run("cannot stop the stack", "", "--profile", "*", "down", *words)

    def run(self, *words: str) -> str:
        """Run a Compose command and return its output.

        Raises:
            StackFailure: It failed.
        """
        return self._run(f"docker compose {words[0]} failed", "", *words)

    def _run(self, failing: str, otherwise: str, *words: str) -> str:
        try:
            return process.run(
                ["docker", "compose", "--project-name", self.project, "--ansi", "never", *words],
                cwd=self.root,
                # A variable, not an option: Compose before 2.19 refuses --progress.
                env={**self.variables, _PROJECT: self.project, "COMPOSE_PROGRESS": "quiet"},
                timeout_seconds=PULL_SECONDS if words[0] in {"pull", "build"} else _SECONDS,
            ).output
        except StackFailure as failure:
            detail = failure.detail or (failure.message,)
            text = "\n".join(detail)
            known = (remedy for sign, remedy in _REMEDIES.items() if re.search(sign, text))
            raise StackFailure(failing, hint=next(known, otherwise), detail=detail) from None
