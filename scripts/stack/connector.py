"""The Debezium connector: its configuration, and getting it to run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from psycopg.conninfo import conninfo_to_dict

from scripts.errors import StackFailure
from scripts.settings.pipeline import Pipeline
from scripts.stack import source
from scripts.stack.connect_api import ConnectApi, ConnectorStatus, Rebalancing, Unreachable
from scripts.stack.connector_settings import shown_settings
from scripts.stack.endpoints import Endpoints
from scripts.waiting import NotReady, wait_until

T = TypeVar("T")
DEADLINE_SECONDS = 60.0
# For a question to a Connect that is up.
ANSWER_SECONDS = 15.0
STALE_FAILURE_SECONDS = 3.0
_LOGS = "see `inv logs --component connect`"


class Change(StrEnum):
    """What a deployment comes to."""

    NONE = "unchanged"
    CREATE = "created"
    UPDATE = "updated"


@dataclass(frozen=True)
class Deployment:
    """What is to be done, decided before anything is."""

    change: Change
    config: dict[str, str]


def desired_config(
    pipeline: Pipeline, postgres_dsn: str, connector_postgres: str = ""
) -> dict[str, str]:
    """Return the connector's whole configuration: pipeline.toml's, with the addresses filled in.

    Args:
        pipeline: What pipeline.toml says; a `database.password` there, as one that a ConfigProvider
            of Kafka finds, goes before that of the address.
        postgres_dsn: PostgreSQL's address as we reach it.
        connector_postgres: `host:port` as Kafka Connect reaches it; empty: as we do.
    """
    address = conninfo_to_dict(postgres_dsn)
    host, _, port = connector_postgres.rpartition(":")
    return {
        "database.password": str(address.get("password", "")),
        **pipeline.connector.config,
        "name": pipeline.connector.name,
        "database.hostname": host or str(address["host"]),
        "database.port": port or str(address.get("port", 5432)),
        "database.user": str(address.get("user", pipeline.postgres.user)),
        "database.dbname": pipeline.postgres.database,
        "topic.prefix": pipeline.kafka.topic_prefix,
        "slot.name": pipeline.postgres.slot,
        "publication.name": pipeline.postgres.publication,
        "table.include.list": ",".join(table.name.pattern() for table in pipeline.tables),
    }


def decide(current: dict[str, str] | None, desired: dict[str, str]) -> Deployment:
    """Compare what Connect has with what is wanted."""
    if current is None:
        return Deployment(Change.CREATE, desired)
    return Deployment(Change.NONE if current == desired else Change.UPDATE, desired)


def deploy(pipeline: Pipeline, endpoints: Endpoints) -> Change:
    """Bring the connector to the configuration that pipeline.toml asks for, and wait until it runs.

    Running means: the connector and each task RUNNING, and the replication slot read from.

    Raises:
        StackFailure: Connect refused the configuration, a task failed, or the deadline passed.
    """
    api = ConnectApi(endpoints.connect_url)

    changes: list[Change] = []

    def put() -> Change:
        current = api.config(pipeline.connector.name)
        desired = desired_config(pipeline, endpoints.postgres_dsn, endpoints.connector_postgres)
        deployment = decide(current, desired)
        changes.append(deployment.change)
        if deployment.change is not Change.NONE:
            api.put_config(pipeline.connector.name, deployment.config)
        # The first finding: a change whose answer was lost is none any more when asked again.
        return changes[0]

    change = _asked(put)
    wait_running(pipeline, endpoints)
    return change


def wait_running(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Wait until the connector runs and reads from the slot.

    Raises:
        StackFailure: A task failed, or the deadline passed.
    """
    api = ConnectApi(endpoints.connect_url)
    name = pipeline.connector.name

    began = time.monotonic()

    def probe() -> None:
        status = _answered(lambda: api.status(name))
        if status is None:
            raise NotReady(f"there is no connector {name} yet")
        if status.failures:
            # Until a restart or a new configuration is taken up, the old failure still stands.
            if time.monotonic() - began < STALE_FAILURE_SECONDS:
                raise NotReady(status.failures[0])
            raise StackFailure(
                status.failures[0],
                hint=f"mend the cause, then `inv connector.restart`; {_LOGS}",
                detail=status.failures[1:],
            )
        if not status.running:
            raise NotReady(_describe(status))
        source.slot_active(endpoints.postgres_dsn, pipeline.postgres.slot)

    wait_until(probe, what=f"connector {name}", deadline_seconds=DEADLINE_SECONDS, hint=_LOGS)


def current_status(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorStatus:
    """Return the connector's state as it is now.

    Raises:
        StackFailure: There is no such connector, or Connect does not answer.
    """
    api, name = ConnectApi(endpoints.connect_url), pipeline.connector.name
    status = _asked(lambda: api.status(name))
    if status is None:
        raise StackFailure(f"there is no connector {name}", hint="inv connector.deploy")
    return status


def deployed_settings(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the connector's settings as Kafka Connect has them now, none of them a secret.

    A stack that was up before, or that others run, may not have those of pipeline.toml.

    Returns:
        The settings by name; empty where Connect has no address, no such connector, or no answer.
    """
    if not endpoints.connect_url:
        return {}
    api, name = ConnectApi(endpoints.connect_url), pipeline.connector.name
    try:
        config = _asked(lambda: api.config(name))
    except StackFailure:
        # The gates tell what a Connect that is away comes to.
        return {}
    return shown_settings(config or {})


def deployed_config(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the connector's whole configuration as Kafka Connect has it now.

    It may hold secrets: it is read from, never shown.

    Returns:
        The settings by name; empty where Connect has no address, no such connector, or no answer.
    """
    if not endpoints.connect_url:
        return {}
    try:
        return ConnectApi(endpoints.connect_url).config(pipeline.connector.name) or {}
    except (StackFailure, Rebalancing, Unreachable):
        return {}


def restart(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Restart the connector and its tasks, and wait until they run.

    Raises:
        StackFailure: There is no such connector, Connect refused, or a task failed again.
    """
    api, name = ConnectApi(endpoints.connect_url), pipeline.connector.name
    if not _asked(lambda: api.restart(name)):
        raise StackFailure(f"there is no connector {name}", hint="inv connector.deploy")
    wait_running(pipeline, endpoints)


def delete(pipeline: Pipeline, endpoints: Endpoints) -> bool:
    """Delete the connector; False if there was none.

    Raises:
        StackFailure: Connect refused, or does not answer.
    """
    api = ConnectApi(endpoints.connect_url)
    return _asked(lambda: api.delete(pipeline.connector.name))


def _asked(question: Callable[[], T]) -> T:
    """Ask Connect, again while it rebalances or is away for a moment."""
    return wait_until(
        lambda: _answered(question),
        what="Kafka Connect",
        deadline_seconds=ANSWER_SECONDS,
        hint=_LOGS,
    )


def _answered(question: Callable[[], T]) -> T:
    try:
        return question()
    except (Rebalancing, Unreachable) as reason:
        raise NotReady(str(reason)) from None


def _describe(status: ConnectorStatus) -> str:
    tasks = ", ".join(f"task {task.id} {task.state}" for task in status.tasks) or "no task yet"
    return f"connector {status.state}, {tasks}"
