"""The containers of one Compose project, from the engine's API.

https://docs.docker.com/reference/api/engine/
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from requests import RequestException

from cdc_perf.errors import StackFailure
from cdc_perf.stack.component_specs import PIPELINE
from cdc_perf.stack.compose.container import Container, container_in

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
# The service of docker-compose.yml for each component.
SERVICES = {spec.name: spec.service for spec in PIPELINE}
COMPONENTS_OF = {service: component for component, service in SERVICES.items()}
T = TypeVar("T")
_DIGEST_LENGTH = 12


class Containers:
    """The containers of a project; each method queries their current state."""

    def __init__(self, client: APIClient, project: str) -> None:
        self._client = client
        self._filter = {"label": f"{PROJECT_LABEL}={project}"}

    def ids(self) -> dict[str, str]:
        """Return the ids of all containers, running or not, by service.

        Raises:
            StackFailure: The engine does not answer.
        """
        with _answered():
            found = self._client.containers(all=True, filters=self._filter)
        return {entry["Labels"][SERVICE_LABEL]: entry["Id"] for entry in found}

    def missing(self, images: Mapping[str, str]) -> tuple[str, ...]:
        """Return the services whose image is missing.

        Args:
            images: Images by service.

        Raises:
            StackFailure: The engine does not answer.
        """
        return tuple(service for service, image in images.items() if not self._has(image))

    def _has(self, image: str) -> bool:
        with _answered():
            try:
                self._image(image)
            except NotFound:
                return False
        return True

    def leftovers(self) -> tuple[str, ...]:
        """Describe what exists of the project: `2 containers`, `1 volume`.

        Raises:
            StackFailure: The engine does not answer.
        """
        with _answered():
            volumes = self._client.volumes(filters=self._filter)["Volumes"] or []
        counts = {"container": len(self.ids()), "volume": len(volumes)}
        return tuple(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counts.items() if n)

    def all(self) -> dict[str, Container]:
        """Return the components' containers, by component.

        Raises:
            StackFailure: The engine does not answer.
        """
        found = self._of_each(lambda name: container_in(self._client.inspect_container(name)))
        return {name: found[service] for name, service in SERVICES.items() if service in found}

    def component_ids(self) -> dict[str, str]:
        """Return the ids of the components' containers, by component.

        Raises:
            StackFailure: The engine does not answer.
        """
        found = self.ids()
        return {name: found[service] for name, service in SERVICES.items() if service in found}

    def logs(self, *, since: datetime | None = None, lines: int | None = None) -> dict[str, bytes]:
        """Return the log of every container, by component or service.

        Args:
            since: Start of the log; None: from its beginning.
            lines: Number of last lines; None: all.

        Raises:
            StackFailure: The engine does not answer.
        """
        tail: Literal["all"] | int = "all" if lines is None else lines
        moment = None if since is None else since.timestamp()
        found = self._of_each(lambda x: bytes(self._client.logs(x, since=moment, tail=tail)))
        return {COMPONENTS_OF.get(service, service): log for service, log in found.items()}

    def last_words(self, component: str, moment: datetime, lines: int) -> bytes:
        """Return the last lines that a component had logged at a time.

        Raises:
            StackFailure: The engine does not answer.
        """
        name = self.ids().get(SERVICES[component])
        if name is None:
            return b""
        with _answered():
            return bytes(self._client.logs(name, until=moment.timestamp(), tail=lines))

    def version(self, container: Container) -> str:
        """Return the image's name and registry digest; without one, its own digest.

        Raises:
            StackFailure: The engine does not answer.
        """
        with _answered():
            image = self._image(container.image_id)
        known = image.get("RepoDigests") or [container.image_id]
        digest = known[0].rpartition(":")[2][:_DIGEST_LENGTH]
        image_name = container.image.removeprefix("docker.io/").removeprefix("library/")
        return f"{image_name} ({digest})"

    def _image(self, name: str) -> Any:  # noqa: ANN401 - the engine's JSON
        return self._client.inspect_image(name)  # type: ignore[no-untyped-call]

    def start(self, service: str) -> None:
        """Start a stopped container, or unpause a paused one.

        Raises:
            StackFailure: The engine does not answer, or cannot start it.
        """
        name = self.ids()[service]
        with _answered():
            if self._client.inspect_container(name)["State"]["Paused"]:
                self._client.unpause(name)
            else:
                self._client.start(name)

    def _of_each(self, ask: Callable[[str], T | None]) -> dict[str, T]:
        """Call `ask` for each container; omit one that is removed meanwhile."""
        answers: dict[str, T] = {}
        for service, name in self.ids().items():
            with _answered():
                try:
                    answer = ask(name)
                except NotFound:
                    continue
            if answer is not None:
                answers[service] = answer
        return answers


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise StackFailure(f"Docker rejected the request: {error.explanation or error}") from None
    except (DockerException, RequestException) as error:
        raise StackFailure(
            f"the Docker engine does not answer: {type(error).__name__}",
            hint="check that it runs: docker info",
        ) from None
