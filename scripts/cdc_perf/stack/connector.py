"""The Debezium connector: its configuration, deployment, and restart."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from psycopg.conninfo import conninfo_to_dict

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.connect_api import (
    LOGS,
    ConnectApi,
    Rebalancing,
    Unreachable,
    answered,
    retried,
)
from cdc_perf.stack.connector_health import (
    PERSISTENT,
    Condition,
    ConnectorDown,
    ConnectorHealth,
    assess,
    read_health,
    with_tables,
)
from cdc_perf.stack.connector_settings import changed_settings, shown_settings
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until

_log = logging.getLogger(__name__)
DEADLINE_SECONDS = 60.0
STALE_FAILURE_SECONDS = 3.0
# A task is RUNNING before it fails on its first event. If nothing moves its slot, for example
# without heartbeats, it must stay RUNNING this long.
STEADY_SECONDS = 30.0
# The settings that no two connectors of one database may share.
_OWN_SETTINGS = {"slot.name": "reads the slot", "topic.prefix": "has the topic prefix"}


class ConnectorChange(StrEnum):
    """The change that a deployment makes."""

    NONE = "unchanged"
    CREATE = "created"
    UPDATE = "updated"


@dataclass(frozen=True)
class Deployment:
    """The change to make, decided before anything changes."""

    change: ConnectorChange
    config: dict[str, str]


def desired_config(
    pipeline: Pipeline,
    postgres_dsn: str,
    connector_postgres: str = "",
    connector_password: str = "",
) -> dict[str, str]:
    """Return the connector's full configuration: that of pipeline.toml, plus the addresses.

    Args:
        pipeline: The pipeline. A `database.password` in its connector configuration, such as a
            reference to a ConfigProvider of Kafka, overrides that of the address.
        postgres_dsn: PostgreSQL's address as the harness reaches it.
        connector_postgres: `host:port` as Kafka Connect reaches it; empty if it is the same.
        connector_password: A reference that this Kafka Connect resolves; it overrides both
            passwords.
    """
    address = conninfo_to_dict(postgres_dsn)
    host, _, port = connector_postgres.rpartition(":")
    return {
        "database.password": str(address.get("password", "")),
        **_tls(str(address.get("sslmode", ""))),
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
        "table.include.list": ",".join(table.name.pattern() for table in pipeline.captured),
    }


def _tls(sslmode: str) -> dict[str, str]:
    """Return Debezium's TLS settings for libpq's `sslmode`; those of pipeline.toml override them.

    Files are on this machine, not on the worker's, so they are not passed on. Without them the
    worker cannot verify the server: it encrypts alone, unless pipeline.toml gives its own files.
    """
    if not sslmode:
        return {}
    return {"database.sslmode": "require" if sslmode.startswith("verify") else sslmode}


def config_for(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the connector's full configuration on a stack."""
    return desired_config(
        pipeline,
        endpoints.postgres_dsn,
        endpoints.connector_postgres,
        endpoints.connector_password,
    )


def decide(current: dict[str, str] | None, desired: dict[str, str]) -> Deployment:
    """Compare the configuration in Connect with the desired one."""
    if current is None:
        return Deployment(ConnectorChange.CREATE, desired)
    return Deployment(
        ConnectorChange.NONE if current == desired else ConnectorChange.UPDATE, desired
    )


def pending_changes(pipeline: Pipeline, endpoints: Endpoints) -> tuple[str, ...]:
    """Return what a deployment would change in the Connect of others, one line per setting.

    Raises:
        StackFailure: Connect does not answer, or the deployment would create a second connector
            for the slot or the topics of one that is there.
    """
    api = ConnectApi.of(endpoints)
    current = retried(lambda: api.config(pipeline.connector.name))
    desired = config_for(pipeline, endpoints)
    if current is None:
        _expect_only(desired, retried(api.configs))
    return tuple(changed_settings(current or {}, desired))


def _expect_only(desired: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> None:
    """Raise StackFailure if another connector reads the slot, or writes to the topics."""
    for name, config in others.items():
        for setting, verb in _OWN_SETTINGS.items():
            same = ("database.dbname", setting)
            if all(config.get(each) == desired[each] for each in same):
                raise StackFailure(
                    f"there is no connector {desired['name']}, but the connector {name} {verb} "
                    f"{desired[setting]} of the database {desired['database.dbname']}",
                    hint=f'set connector.name = "{name}" in pipeline.toml',
                )


def deploy(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorChange:
    """Apply the connector configuration of pipeline.toml, and wait until the connector runs.

    It runs if the connector and each task are RUNNING and the replication slot is active.

    Raises:
        StackFailure: Connect refused the configuration, a task failed, or the wait timed out.
    """
    api = ConnectApi.of(endpoints)

    changes: list[ConnectorChange] = []

    def put() -> ConnectorChange:
        current = api.config(pipeline.connector.name)
        desired = config_for(pipeline, endpoints)
        deployment = decide(current, desired)
        changes.append(deployment.change)
        if deployment.change is not ConnectorChange.NONE:
            api.put_config(pipeline.connector.name, deployment.config)
        # The first decision counts: if the answer to a change is lost, a retry finds no difference.
        return changes[0]

    change = retried(put)
    wait_running(pipeline, endpoints, resume=True)
    return change


def wait_running(pipeline: Pipeline, endpoints: Endpoints, *, resume: bool = False) -> None:
    """Wait until the connector runs and reads from the slot.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        resume: Whether to resume a connector that someone paused or stopped.

    Raises:
        StackFailure: A task failed, someone paused the connector, or the wait timed out.
    """
    api = ConnectApi.of(endpoints)
    name = pipeline.connector.name
    began = time.monotonic()
    resumed = False

    def probe() -> None:
        nonlocal resumed
        status = answered(lambda: api.status(name))
        if status is None:
            raise NotReady(f"there is no connector {name} yet")
        health = assess(name, status)
        if health.condition in (Condition.PAUSED, Condition.STOPPED) and resume and not resumed:
            answered(lambda: api.resume(name))
            resumed = True
            raise NotReady(health.detail)
        if health.condition in PERSISTENT:
            # Connect shows the old state until a restart or a new configuration takes effect.
            if time.monotonic() - began < STALE_FAILURE_SECONDS:
                raise NotReady(health.detail)
            raise ConnectorDown(read_health(pipeline, endpoints) or health)
        if not health.running:
            raise NotReady(health.detail)
        source.slot_active(endpoints.postgres_dsn, pipeline.postgres.slot)

    wait_until(probe, what=f"connector {name}", deadline_seconds=DEADLINE_SECONDS, hint=LOGS)


def wait_steady(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Wait until the slot of a running connector passes the current end of the log.

    If nothing moves the slot, or there is much to read, it is enough that the connector and its
    tasks run for STEADY_SECONDS.

    Raises:
        StackFailure: A task failed, or the connector no longer exists.
    """
    dsn, slot = endpoints.postgres_dsn, pipeline.postgres.slot
    position = source.log_position(dsn)
    began = time.monotonic()

    def probe() -> None:
        health = read_health(pipeline, endpoints)
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
        hint=LOGS,
    )


def revive(pipeline: Pipeline, endpoints: Endpoints) -> bool:
    """Bring back a connector that does not run; return False if it runs already.

    Deploy it if it does not exist, resume it if it was paused or stopped, restart it if it failed,
    or wait for it if it is starting.

    Raises:
        StackFailure: It does not start, or fails again.
    """
    health = read_health(pipeline, endpoints)
    if health is None or health.running:
        return False
    _log.info(f"{health.detail}: {_REVIVAL.get(health.condition, 'waiting for it')}")
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
    """Return the current state of the source's connector and its tasks.

    Raises:
        StackFailure: There is no such connector, or Connect does not answer.
    """
    api, name = ConnectApi.of(endpoints), pipeline.connector.name
    health = assess(name, retried(lambda: api.status(name)))
    if health.condition is Condition.ABSENT:
        raise StackFailure(health.detail, hint=health.remedy)
    return with_tables(health, pipeline, endpoints)


def deployed_settings(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the connector's current settings in Kafka Connect, without secrets.

    They may differ from pipeline.toml if the stack was already up or is external.

    Returns:
        The settings by name; empty if Connect has no address, no such connector, or no answer.
    """
    if not endpoints.connect_url:
        return {}
    api, name = ConnectApi.of(endpoints), pipeline.connector.name
    try:
        config = retried(lambda: api.config(name))
    except StackFailure:
        # The gates report an unreachable Connect.
        return {}
    return shown_settings(config or {})


def deployed_config(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the connector's full current configuration in Kafka Connect.

    It may contain secrets: do not show it.

    Returns:
        The settings by name; empty if Connect has no address, no such connector, or no answer.
    """
    if not endpoints.connect_url:
        return {}
    try:
        return ConnectApi.of(endpoints).config(pipeline.connector.name) or {}
    except (StackFailure, Rebalancing, Unreachable):
        return {}


def restart(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Restart the connector and its tasks, resume it if needed, and wait until it stays up.

    Raises:
        StackFailure: There is no such connector, Connect refused, or a task failed again.
    """
    api, name = ConnectApi.of(endpoints), pipeline.connector.name
    if not retried(lambda: api.restart(name)):
        raise StackFailure(f"there is no connector {name}", hint=f"{COMMAND} connector.deploy")
    wait_running(pipeline, endpoints, resume=True)
    wait_steady(pipeline, endpoints)


def delete(pipeline: Pipeline, endpoints: Endpoints) -> bool:
    """Delete the connector; return False if there was none.

    Raises:
        StackFailure: Connect refused, or did not answer.
    """
    api = ConnectApi.of(endpoints)
    return retried(lambda: api.delete(pipeline.connector.name))
