"""The Debezium connector: its configuration, and getting it to run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from psycopg.conninfo import conninfo_to_dict

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.backend import Say
from cdc_perf.stack.connect_api import (
    ConnectApi,
    Rebalancing,
    ServerError,
    Unreachable,
)
from cdc_perf.stack.connector_health import (
    LASTING,
    Condition,
    ConnectorDown,
    ConnectorHealth,
    assess,
    look,
    with_tables,
)
from cdc_perf.stack.connector_settings import changed_settings, shown_settings
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until

T = TypeVar("T")
DEADLINE_SECONDS = 60.0
# For a question to a Connect that is up.
ANSWER_SECONDS = 15.0
STALE_FAILURE_SECONDS = 3.0
# A task says RUNNING before it fails at its first event. Where nothing moves its slot, as without
# heartbeats, it has to say so for as long.
STEADY_SECONDS = 30.0
_LOGS = "see `inv logs --component connect`"


class ConnectorChange(StrEnum):
    """What a deployment comes to."""

    NONE = "unchanged"
    CREATE = "created"
    UPDATE = "updated"


@dataclass(frozen=True)
class Deployment:
    """What is to be done, decided before anything is."""

    change: ConnectorChange
    config: dict[str, str]


def desired_config(
    pipeline: Pipeline,
    postgres_dsn: str,
    connector_postgres: str = "",
    connector_password: str = "",
) -> dict[str, str]:
    """Return the connector's whole configuration: pipeline.toml's, with the addresses filled in.

    Args:
        pipeline: What pipeline.toml says; a `database.password` there, as one that a ConfigProvider
            of Kafka finds, goes before that of the address.
        postgres_dsn: PostgreSQL's address as we reach it.
        connector_postgres: `host:port` as Kafka Connect reaches it; empty: as we do.
        connector_password: A reference that this Kafka Connect resolves, which goes before both.
    """
    address = conninfo_to_dict(postgres_dsn)
    host, _, port = connector_postgres.rpartition(":")
    return {
        "database.password": str(address.get("password", "")),
        **pipeline.connector.config,
        **({"database.password": connector_password} if connector_password else {}),
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


def config_for(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the connector's whole configuration on a stack."""
    return desired_config(
        pipeline,
        endpoints.postgres_dsn,
        endpoints.connector_postgres,
        endpoints.connector_password,
    )


def decide(current: dict[str, str] | None, desired: dict[str, str]) -> Deployment:
    """Compare what Connect has with what is wanted."""
    if current is None:
        return Deployment(ConnectorChange.CREATE, desired)
    return Deployment(
        ConnectorChange.NONE if current == desired else ConnectorChange.UPDATE, desired
    )


def pending_changes(pipeline: Pipeline, endpoints: Endpoints) -> tuple[str, ...]:
    """Return what a deployment would change in Kafka Connect, a line for each setting.

    Raises:
        StackFailure: Connect does not answer.
    """
    api = ConnectApi(endpoints.connect_url)
    current = _asked(lambda: api.config(pipeline.connector.name))
    return tuple(changed_settings(current or {}, config_for(pipeline, endpoints)))


def deploy(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorChange:
    """Bring the connector to the configuration that pipeline.toml asks for, and wait until it runs.

    Running means: the connector and each task RUNNING, and the replication slot read from.

    Raises:
        StackFailure: Connect refused the configuration, a task failed, or the deadline passed.
    """
    api = ConnectApi(endpoints.connect_url)

    changes: list[ConnectorChange] = []

    def put() -> ConnectorChange:
        current = api.config(pipeline.connector.name)
        desired = config_for(pipeline, endpoints)
        deployment = decide(current, desired)
        changes.append(deployment.change)
        if deployment.change is not ConnectorChange.NONE:
            api.put_config(pipeline.connector.name, deployment.config)
        # The first finding: a change whose answer was lost is none any more when asked again.
        return changes[0]

    change = _asked(put)
    wait_running(pipeline, endpoints, resume=True)
    return change


def wait_running(pipeline: Pipeline, endpoints: Endpoints, *, resume: bool = False) -> None:
    """Wait until the connector runs and reads from the slot.

    Args:
        pipeline: The pipeline.
        endpoints: Where it is.
        resume: Let a connector that someone paused or stopped read on.

    Raises:
        StackFailure: A task failed, someone paused the connector, or the deadline passed.
    """
    api = ConnectApi(endpoints.connect_url)
    name = pipeline.connector.name
    began = time.monotonic()
    resumed = False

    def probe() -> None:
        nonlocal resumed
        status = _answered(lambda: api.status(name))
        if status is None:
            raise NotReady(f"there is no connector {name} yet")
        health = assess(name, status)
        if health.condition in (Condition.PAUSED, Condition.STOPPED) and resume and not resumed:
            _answered(lambda: api.resume(name))
            resumed = True
            raise NotReady(health.detail)
        if health.condition in LASTING:
            # Until a restart or a new configuration is taken up, the old state is shown.
            if time.monotonic() - began < STALE_FAILURE_SECONDS:
                raise NotReady(health.detail)
            raise ConnectorDown(look(pipeline, endpoints) or health)
        if not health.running:
            raise NotReady(health.detail)
        source.slot_active(endpoints.postgres_dsn, pipeline.postgres.slot)

    wait_until(probe, what=f"connector {name}", deadline_seconds=DEADLINE_SECONDS, hint=_LOGS)


def wait_steady(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Wait until a connector that runs goes on to: its slot passes what was written before.

    Where nothing comes that would move the slot, or there is much to read, it is enough that
    connector and tasks run for long.

    Raises:
        StackFailure: A task failed, or the connector is gone.
    """
    dsn, slot = endpoints.postgres_dsn, pipeline.postgres.slot
    position = source.log_position(dsn)
    began = time.monotonic()

    def probe() -> None:
        health = look(pipeline, endpoints)
        if health is not None and not health.running:
            if health.condition is Condition.FAILED:
                raise ConnectorDown(health)
            raise NotReady(health.sentence)
        if source.slot_passed(dsn, slot, position):
            return
        if time.monotonic() - began < STEADY_SECONDS:
            raise NotReady("it has not confirmed an event yet")

    wait_until(
        probe,
        what=f"connector {pipeline.connector.name}",
        deadline_seconds=DEADLINE_SECONDS,
        interval_seconds=0.1,
        hint=_LOGS,
    )


def revive(pipeline: Pipeline, endpoints: Endpoints, say: Say) -> bool:
    """Bring back a connector that does not run; False where it runs already.

    One that is gone is deployed, one that was paused or stopped is resumed, one that failed is
    restarted, and one that is about to run is waited for.

    Raises:
        StackFailure: It does not start to run, or fails again.
    """
    health = look(pipeline, endpoints)
    if health is None or health.running:
        return False
    say(f"{health.detail}: {_REVIVAL.get(health.condition, 'waiting for it')}")
    if health.condition is Condition.ABSENT:
        deploy(pipeline, endpoints)
    elif health.condition is Condition.FAILED:
        restart(pipeline, endpoints)
    else:
        wait_running(pipeline, endpoints, resume=True)
    return True


_REVIVAL = {
    Condition.ABSENT: "deploying it",
    Condition.FAILED: "restarting it",
    Condition.PAUSED: "resuming it",
    Condition.STOPPED: "resuming it",
}


def current_health(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorHealth:
    """Return the connector's state and its tasks' as they are now.

    Raises:
        StackFailure: There is no such connector, or Connect does not answer.
    """
    api, name = ConnectApi(endpoints.connect_url), pipeline.connector.name
    health = assess(name, _asked(lambda: api.status(name)))
    if health.condition is Condition.ABSENT:
        raise StackFailure(health.detail, hint=health.remedy)
    return with_tables(health, pipeline, endpoints)


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
    """Restart the connector and its tasks, resume it if need be, and wait until all of it stays up.

    Raises:
        StackFailure: There is no such connector, Connect refused, or a task failed again.
    """
    api, name = ConnectApi(endpoints.connect_url), pipeline.connector.name
    if not _asked(lambda: api.restart(name)):
        raise StackFailure(f"there is no connector {name}", hint="inv connector.deploy")
    wait_running(pipeline, endpoints, resume=True)
    wait_steady(pipeline, endpoints)


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
    except ServerError as failure:
        raise NotReady(failure.message) from None
