"""Kafka Connect's REST API, as far as one connector needs it.

See Kafka's documentation, "Kafka Connect > User Guide > REST API".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import requests

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.redaction import redacted
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.task_failure import TaskFailure, failure_of
from cdc_perf.waiting import NotReady, wait_until

T = TypeVar("T")
# How long a request to a running Connect is retried.
ANSWER_SECONDS = 15.0
LOGS = f"see `{COMMAND} logs --component connect`"
_TIMEOUT_SECONDS = 10
_REBALANCING = 409
_NOT_FOUND = 404
_REFUSED = (401, 403)
_SERVER_ERROR = 500
_LINE_LENGTH = 300
_OPENSSL = re.compile(r"\[SSL[^\]]*\] (?P<why>.*?) \(_ssl")
_MOST_LINES = 6


class _Busy(Exception):  # noqa: N818 - a state, not an error
    """Connect cannot answer now; the reason contains no password from its address."""

    def __init__(self, reason: str) -> None:
        super().__init__(redacted(reason))


class Rebalancing(_Busy):
    """Connect answers 409 while its workers rebalance: retry."""


class Unreachable(_Busy):
    """Connect refuses connections, or does not answer in time."""


class ServerError(StackFailure):
    """Connect answers 5xx: a later retry may succeed."""


@dataclass(frozen=True)
class TaskStatus:
    """A task of a connector; `trace` is empty unless it failed."""

    id: int
    state: str
    trace: str


@dataclass(frozen=True)
class ConnectorStatus:
    """A connector's status in Connect. RUNNING proves little: it stays while PostgreSQL is down."""

    name: str
    state: str
    trace: str
    tasks: tuple[TaskStatus, ...]

    @property
    def running(self) -> bool:
        """Whether the connector and its tasks, at least one, are RUNNING."""
        return bool(self.tasks) and {self.state, *(t.state for t in self.tasks)} == {"RUNNING"}

    @property
    def failures(self) -> tuple[TaskFailure, ...]:
        """The failures of the connector and its tasks."""
        found = [(f"connector {self.name}", self.state, self.trace)]
        found += [(f"task {task.id}", task.state, task.trace) for task in self.tasks]
        return tuple(failure_of(who, trace) for who, state, trace in found if state == "FAILED")


@dataclass(frozen=True)
class ConnectApi:
    """The REST API of one Connect worker.

    Attributes:
        url: Its address.
        timeout_seconds: The timeout of each request.
        ca: A file of certificate authorities that may sign its certificate; empty: the system's.
    """

    url: str
    timeout_seconds: float = _TIMEOUT_SECONDS
    ca: str = ""

    @classmethod
    def of(cls, endpoints: Endpoints, timeout_seconds: float = _TIMEOUT_SECONDS) -> "ConnectApi":
        """Return the API of a stack's worker."""
        return cls(endpoints.connect_url, timeout_seconds, endpoints.connect_ca)

    def cluster_id(self) -> str:
        """Return the id of the Kafka cluster that Connect uses."""
        return self._about_itself("kafka_cluster_id")

    def version(self) -> str:
        """Return Connect's version."""
        return self._about_itself("version")

    def _about_itself(self, field: str) -> str:
        answer = self._ask("GET", "/", missing_ok=True)
        if answer.status_code == _NOT_FOUND:
            # The web server listens before its resources are available.
            raise Unreachable(f"{self.url} is still starting")
        with self._valid_answer(answer):
            return str(answer.json()[field])

    def configs(self) -> dict[str, dict[str, str]]:
        """Return the configuration of each connector, by name."""
        answer = self._ask("GET", "/connectors?expand=info")
        with self._valid_answer(answer):
            return {name: dict(each["info"]["config"]) for name, each in answer.json().items()}

    def config(self, name: str) -> dict[str, str] | None:
        """Return the connector's configuration, or None if there is no such connector."""
        answer = self._ask("GET", f"/connectors/{name}/config", missing_ok=True)
        if answer.status_code == _NOT_FOUND:
            return None
        with self._valid_answer(answer):
            return dict(answer.json())

    def put_config(self, name: str, config: Mapping[str, str]) -> None:
        """Create the connector, or change its configuration."""
        self._ask("PUT", f"/connectors/{name}/config", json=dict(config))

    def status(self, name: str) -> ConnectorStatus | None:
        """Return the connector's state, or None if there is no such connector."""
        answer = self._ask("GET", f"/connectors/{name}/status", missing_ok=True)
        if answer.status_code == _NOT_FOUND:
            return None
        with self._valid_answer(answer):
            body = answer.json()
            return ConnectorStatus(
                name=name,
                state=body["connector"]["state"],
                trace=body["connector"].get("trace", ""),
                tasks=tuple(
                    TaskStatus(task["id"], task["state"], task.get("trace", ""))
                    for task in body["tasks"]
                ),
            )

    def restart(self, name: str) -> bool:
        """Restart the connector and its tasks; return False if there is no such connector."""
        path = f"/connectors/{name}/restart?includeTasks=true"
        return self._ask("POST", path, missing_ok=True).status_code != _NOT_FOUND

    def pause(self, name: str) -> None:
        """Pause the connector: it stops reading and keeps its offsets."""
        self._ask("PUT", f"/connectors/{name}/pause")

    def resume(self, name: str) -> None:
        """Resume a connector that was paused or stopped."""
        self._ask("PUT", f"/connectors/{name}/resume")

    def stop(self, name: str) -> None:
        """Stop the connector: it keeps its offsets and has no tasks."""
        self._ask("PUT", f"/connectors/{name}/stop")

    def reset_offsets(self, name: str) -> None:
        """Forget how far a stopped source connector has read (KIP-875)."""
        self._ask("DELETE", f"/connectors/{name}/offsets")

    def delete(self, name: str) -> bool:
        """Delete the connector; return False if there was none."""
        path = f"/connectors/{name}"
        return self._ask("DELETE", path, missing_ok=True).status_code != _NOT_FOUND

    def _ask(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, str] | None = None,
        missing_ok: bool = False,
    ) -> requests.Response:
        try:
            answer = requests.request(
                method,
                self.url + path,
                json=json,
                timeout=self.timeout_seconds,
                verify=self.ca or True,
            )
        except requests.RequestException as error:
            raise Unreachable(f"{self.url} does not answer: {why_not(error)}") from None
        if answer.status_code == _REBALANCING:
            raise Rebalancing(f"{self.url} is rebalancing")
        if answer.status_code == _NOT_FOUND and missing_ok:
            return answer
        if answer.status_code == _NOT_FOUND and not answer.content:
            # Connect gives a reason for each refusal. Its web server listens before its resources
            # are available.
            raise Unreachable(f"{self.url} is still starting")
        if answer.status_code in _REFUSED:
            raise StackFailure(
                f"{self.url} refuses the login ({answer.status_code} to {method} {path})",
                hint="correct the user and the password in CDC_CONNECT_URL",
            )
        if not answer.ok:
            reason, *more = _reason(answer)
            kind = ServerError if answer.status_code >= _SERVER_ERROR else StackFailure
            raise kind(
                f"Kafka Connect answered {answer.status_code} to {method} {path}: {reason}",
                hint=f"see `{COMMAND} logs --component connect`",
                detail=tuple(more),
            )
        return answer

    @contextmanager
    def _valid_answer(self, answer: requests.Response) -> Iterator[None]:
        """Turn an invalid answer, from another server on Connect's port, into a failure."""
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError):
            raise StackFailure(
                f"{self.url} is not Kafka Connect: it answered {answer.text[:100]!r}",
                hint="another program uses its port: stop it, or set another port for Connect",
            ) from None


def why_not(error: requests.RequestException) -> str:
    """Return a short reason why a request got no answer."""
    if isinstance(error, requests.exceptions.SSLError):
        # Its text wraps that of OpenSSL: `[SSL: ...] certificate verify failed: ... (_ssl.c:1000)`.
        found = _OPENSSL.search(str(error))
        return f"TLS: {found['why'].rstrip('.')}" if found else "the TLS handshake failed"
    # An error that is also a ValueError is local, such as a proxy that requests cannot use. The
    # text of any other error comes from a lower-level library.
    return str(error)[:_LINE_LENGTH] if isinstance(error, ValueError) else type(error).__name__


def _reason(answer: requests.Response) -> list[str]:
    """Return the lines of an error, at least one: the summary, then each wrong setting."""
    try:
        text = str(answer.json()["message"])
    except (ValueError, LookupError, TypeError):
        text = answer.text
    lines = [line.strip()[:_LINE_LENGTH] for line in text.splitlines() if line.strip()]
    return lines[:_MOST_LINES] or [answer.reason or "no reason given"]


def answered(request: Callable[[], T]) -> T:
    """Send a request once.

    Raises:
        NotReady: A later retry may succeed: Connect rebalances, is unreachable, or answers 5xx.
        StackFailure: Connect refused the request.
    """
    try:
        return request()
    except (Rebalancing, Unreachable) as reason:
        raise NotReady(str(reason)) from None
    except ServerError as failure:
        raise NotReady(failure.message) from None


def retried(request: Callable[[], T]) -> T:
    """Send a request; retry while Connect rebalances, is briefly unreachable, or answers 5xx.

    Raises:
        StackFailure: Connect refused the request, or did not answer in time.
    """
    return wait_until(
        lambda: answered(request),
        what="Kafka Connect",
        deadline_seconds=ANSWER_SECONDS,
        hint=LOGS,
    )
