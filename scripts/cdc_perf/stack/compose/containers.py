"""The containers of one Compose project, from the engine's API.

https://docs.docker.com/reference/api/engine/
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from requests import RequestException

from cdc_perf.errors import StackFailure
from cdc_perf.stack.component import State
from cdc_perf.stack.component_specs import PIPELINE

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
# The service of docker-compose.yml for each component.
SERVICES = {spec.name: spec.service for spec in PIPELINE}
COMPONENTS_OF = {service: component for component, service in SERVICES.items()}
T = TypeVar("T")
_DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Container:
    """The current state of a container.

    Attributes:
        id: Its id.
        name: Its name.
        image: The image's name with its tag.
        image_id: The image's own digest.
        state: Its state, in the terms of all backends.
        pid: Process id of its first process on this machine; None if it does not run.
        ports: Published ports, by container port.
        started: Time of its last start; None if it never started.
        restarts: How often the engine has restarted it.
        limits: The CPUs and the bytes of memory that it may use; 0: all.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: State
    pid: int | None
    ports: Mapping[int, int]
    started: datetime | None
    restarts: int
    limits: tuple[float, int]

    @property
    def uptime(self) -> float | None:
        """Seconds since its start; None if it does not run."""
        if self.pid is None or self.started is None:
            return None
        return max(0.0, (datetime.now(UTC) - self.started).total_seconds())


def container_in(found: Any) -> Container:  # noqa: ANN401 - the engine's JSON
    """Return a container from the engine's JSON."""
    state, host = found["State"], found["HostConfig"]
    published = found["NetworkSettings"]["Ports"] or {}
    return Container(
        id=found["Id"],
        name=found["Name"].removeprefix("/"),
        image=found["Config"]["Image"],
        image_id=found["Image"],
        state=state_of(state),
        pid=state["Pid"] or None,
        ports={
            int(inside.partition("/")[0]): int(outside[0]["HostPort"])
            for inside, outside in published.items()
            if outside
        },
        started=moment_of(state["StartedAt"]),
        restarts=found["RestartCount"],
        limits=(host["NanoCpus"] / 1e9, host["Memory"]),
    )


def state_of(state: Mapping[str, Any]) -> State:
    """Return a container's state in the terms of all backends.

    The engine restarts what ends by itself, so an ended container was stopped. A container with
    unknown health counts as running: some health checks come late, and other code checks readiness.
    """
    health = state.get("Health", {}).get("Status", "")
    words: dict[str, State] = {
        "running": "failed" if health == "unhealthy" else "running",
        "restarting": "starting",
        "created": "starting",
        "dead": "failed",
    }
    return words.get(state["Status"], "stopped")


def moment_of(text: str) -> datetime | None:
    """Return a time from the engine, which has nanoseconds; None if it means never."""
    moment = datetime.fromisoformat(text[:19] + "+00:00")
    return moment if moment.year > 1 else None


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

    def kill(self, service: str) -> None:
        """Kill a container at once.

        Raises:
            StackFailure: The engine does not answer, or the container does not run.
        """
        with _answered():
            self._client.kill(self.ids()[service])

    def pause(self, service: str) -> None:
        """Freeze a container.

        Raises:
            StackFailure: The engine does not answer, or the container does not run.
        """
        with _answered():
            self._client.pause(self.ids()[service])

    def stop(self, service: str) -> None:
        """Stop a container in order; the engine kills it after its grace period.

        Raises:
            StackFailure: The engine does not answer.
        """
        with _answered():
            self._client.stop(self.ids()[service])

    def engine_state(self, service: str) -> tuple[str, str]:
        """Return the engine's word for a container's state, such as `paused`, and its name.

        Raises:
            StackFailure: The engine does not answer.
        """
        with _answered():
            found = self._client.inspect_container(self.ids()[service])
        return str(found["State"]["Status"]), str(found["Name"]).removeprefix("/")

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
