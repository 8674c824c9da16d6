"""The sink connector: its configuration and deployment.

For two classes the address of the sink is filled in; any other class gets only the topics, and its
configuration in pipeline.toml contains the address.
https://debezium.io/documentation/reference/stable/connectors/jdbc.html
https://www.mongodb.com/docs/kafka-connector/current/sink-connector/configuration-properties/
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from psycopg.conninfo import conninfo_to_dict

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Connector, MongodbSink, Pipeline, PostgresSink
from cdc_perf.stack.connect_api import LOGS, ConnectApi, answered, retried
from cdc_perf.stack.connector import (
    DEADLINE_SECONDS,
    STALE_FAILURE_SECONDS,
    ConnectorChange,
    decide,
)
from cdc_perf.stack.connector_health import (
    NOT_CREATED,
    PERSISTENT,
    Condition,
    ConnectorDown,
    ConnectorHealth,
    assess,
    assess_sink,
)
from cdc_perf.stack.connector_settings import changed_settings
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.task_failure import failure_of
from cdc_perf.waiting import NotReady, WaitTimeout, wait_until

MONGODB_CLASS = "com.mongodb.kafka.connect.MongoSinkConnector"
JDBC_CLASS = "io.debezium.connector.jdbc.JdbcSinkConnector"
# The settings with the sink's address and account.
_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    MONGODB_CLASS: ("connection.uri",),
    JDBC_CLASS: ("connection.url", "connection.username", "connection.password"),
}
# What the worker logs about a plugin that it cannot load (PluginScanner) or use.
_NOT_LOADED = re.compile(r"PluginScanner: |ServiceConfigurationError: ")
_MISSING_CLASS = re.compile(
    r"(?:NoClassDefFoundError|ClassNotFoundException): (?P<name>\w+(?:[./$]\w+)+)"
)
_MOST_LINES = 4
# Hibernate reports only this if it cannot log in, and logs the reason.
_NO_DATABASE = "Unable to determine Dialect"
_SQL_ERROR = re.compile(r"\bPSQLException: .*")
_REMEDY = f"{LOGS}; remove the cause, then {COMMAND} up"
# The MongoDB connector validates its configuration by connecting, and its driver tries for 30 s.
_VALIDATION_SECONDS = 45.0


@dataclass(frozen=True)
class SinkAddress:
    """Where the sink is.

    Attributes:
        url: MongoDB's URI, or PostgreSQL's libpq connection string, as the harness reaches it; may
            contain a password.
        from_connect: `host:port` as Kafka Connect reaches it; empty if it is the same.
        password: A reference that Kafka Connect resolves to the password; empty: that of `url`.
    """

    url: str = field(repr=False)
    from_connect: str = ""
    password: str = ""


def sink_address(endpoints: Endpoints) -> SinkAddress:
    """Return the address of the sink of a stack that the harness starts."""
    return SinkAddress(
        endpoints.sink_dsn or endpoints.mongodb_uri,
        from_connect=endpoints.connector_sink,
        password=endpoints.connector_password,
    )


class PluginApi(ConnectApi):
    """The part of Kafka Connect's REST API that lists its plugins."""

    def connector_classes(self) -> tuple[str, ...]:
        """Return the classes of the connectors that the worker can run."""
        answer = self._ask("GET", "/connector-plugins")
        with self._valid_answer(answer):
            return tuple(str(plugin["class"]) for plugin in answer.json())


def desired_sink_config(pipeline: Pipeline, address: SinkAddress) -> dict[str, str]:
    """Return the sink connector's full configuration: that of pipeline.toml, plus topics and sink.

    Raises:
        UsageFailure: The connector writes to another kind of sink than that of pipeline.toml.
        LookupError: The pipeline has no sink connector.
    """
    connector = _connector(pipeline)
    return {
        **connector.config,
        "name": connector.name,
        "topics": ",".join(pipeline.topic(table) for table in pipeline.captured),
        **_sink_settings(pipeline, connector, address),
    }


def deploy_sink(
    pipeline: Pipeline,
    endpoints: Endpoints,
    address: SinkAddress,
    log: Callable[[], tuple[str, ...]] = tuple,
) -> ConnectorChange:
    """Apply the sink connector's configuration, and wait until it and its tasks run.

    A connector that failed with the same configuration is restarted, and a paused one resumed.

    Args:
        pipeline: The pipeline; it has a sink connector.
        endpoints: The addresses of the stack.
        address: The address of the sink.
        log: Returns the last lines of the worker's log, which say why it cannot use a plugin; a
            stack trace may have hundreds.

    Raises:
        UsageFailure: As in `desired_sink_config`.
        StackFailure: The worker does not have the connector's class, or a class that it needs,
            Connect refused the configuration, a task failed, or the wait timed out.
    """
    return _apply(pipeline, endpoints, desired_sink_config(pipeline, address), log)


def pending_sink_changes(pipeline: Pipeline, endpoints: Endpoints) -> tuple[str, ...]:
    """Return what `change_sink` would change in the Connect of others, one line per setting.

    Raises:
        UsageFailure: As in `desired_sink_config`.
        StackFailure: Connect does not answer, or has no such connector.
    """
    current = _existing(pipeline, endpoints)
    return tuple(changed_settings(current, _kept_address(pipeline, endpoints, current)))


def change_sink(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorChange:
    """Apply the sink connector's configuration in the Connect of others, and wait until it runs.

    It must exist, and keeps its address and account: the worker may reach the sink in another way.

    Raises:
        UsageFailure: As in `desired_sink_config`.
        StackFailure: There is no such connector, or as in `deploy_sink`.
    """
    current = _existing(pipeline, endpoints)
    return _apply(pipeline, endpoints, _kept_address(pipeline, endpoints, current), tuple)


def sink_health(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorHealth | None:
    """Return the current state of the sink connector and its tasks; None if there is none.

    Raises:
        StackFailure: Connect does not answer.
    """
    if pipeline.sink_connector is None:
        return None
    api, name = ConnectApi.of(endpoints), pipeline.sink_connector.name
    return assess_sink(name, retried(lambda: api.status(name)), endpoints)


def restart_sink(
    pipeline: Pipeline, endpoints: Endpoints, log: Callable[[], tuple[str, ...]] = tuple
) -> None:
    """Restart the sink connector and its tasks, resume it if needed, and wait until it runs.

    Args:
        pipeline: The pipeline; it has a sink connector.
        endpoints: The addresses of the stack.
        log: As in `deploy_sink`.

    Raises:
        StackFailure: There is no such connector, Connect refused, or a task failed again.
    """
    api, name = ConnectApi.of(endpoints), _connector(pipeline).name
    if not retried(lambda: api.restart(name)):
        raise StackFailure(f"there is no sink connector {name}", hint=f"{COMMAND} connector.deploy")
    # A restart does not resume a paused connector.
    retried(lambda: api.resume(name))
    _wait_running(api, name, STALE_FAILURE_SECONDS, log)


def _existing(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    """Return the configuration of the sink connector in the Connect of others."""
    api, name = ConnectApi.of(endpoints), _connector(pipeline).name
    current = retried(lambda: api.config(name))
    if current is None:
        known = nearest(name, sorted(retried(api.configs)))
        raise StackFailure(f"Kafka Connect has no sink connector {name}; {known}", hint=NOT_CREATED)
    return current


def _kept_address(
    pipeline: Pipeline, endpoints: Endpoints, current: Mapping[str, str]
) -> dict[str, str]:
    """Return the desired configuration with the address and account that the connector has."""
    desired = desired_sink_config(pipeline, sink_address(endpoints))
    names = _ADDRESSES.get(desired["connector.class"], ())
    return {
        **{name: value for name, value in desired.items() if name not in names},
        **{name: current[name] for name in names if name in current},
    }


def _apply(
    pipeline: Pipeline,
    endpoints: Endpoints,
    desired: dict[str, str],
    log: Callable[[], tuple[str, ...]],
) -> ConnectorChange:
    connector = _connector(pipeline)
    api = PluginApi(endpoints.connect_url, _VALIDATION_SECONDS, endpoints.connect_ca)
    connector_class = connector.config["connector.class"]
    expect_class(api, connector_class, log)
    changes: list[ConnectorChange] = []

    def put() -> ConnectorChange:
        deployment = decide(api.config(connector.name), desired)
        changes.append(deployment.change)
        if deployment.change is not ConnectorChange.NONE:
            api.put_config(connector.name, deployment.config)
        # As in `connector.deploy`: a retry after a lost answer finds no difference.
        return changes[0]

    try:
        change = retried(put)
    except WaitTimeout:
        # Connect answers 500 without the cause if a jar of the plugin is missing.
        if missing := _missing_class(log()):
            raise StackFailure(
                f"the plugin of {connector_class} has no class {missing}",
                hint="add the jar that contains it to the lock file of the plugin",
            ) from None
        raise
    if change is ConnectorChange.NONE:
        restarted = _revive(api, connector.name)
    else:
        restarted = change is ConnectorChange.UPDATE
    _wait_running(api, connector.name, STALE_FAILURE_SECONDS if restarted else 0.0, log)
    return change


def expect_class(
    api: PluginApi, connector_class: str, log: Callable[[], tuple[str, ...]] = tuple
) -> None:
    """Raise StackFailure if the worker cannot run a class of connectors.

    Args:
        api: The worker.
        connector_class: The class, or one of the two shorter names that Connect accepts.
        log: Returns the last lines of the worker's log.
    """
    classes = retried(api.connector_classes)
    if not any(connector_class in _names(each) for each in classes):
        raise StackFailure(
            f"Kafka Connect has no connector {connector_class}",
            hint="add its plugin to connect.plugins in pipeline.toml, with sink_connectors if its "
            f"jars do not declare the class; {LOGS}",
            detail=tuple(line for line in log() if _NOT_LOADED.search(line))[-_MOST_LINES:],
        )


def _missing_class(log: Sequence[str]) -> str:
    """Return the first class that the lines of a log call missing; empty if there is none."""
    found = next(filter(None, map(_MISSING_CLASS.search, log)), None)
    return found["name"].replace("/", ".") if found else ""


def _names(connector_class: str) -> tuple[str, ...]:
    """Return the names that Connect accepts for a class (PluginUtils.pluginAliases)."""
    simple = connector_class.rsplit(".", 1)[-1]
    return connector_class, simple, simple.removesuffix("Connector")


def _sink_settings(
    pipeline: Pipeline, connector: Connector, address: SinkAddress
) -> dict[str, str]:
    """Return the settings that name the sink; none for a class that is not known."""
    name, sink = connector.config["connector.class"], pipeline.sink
    if name == MONGODB_CLASS:
        if not isinstance(sink, MongodbSink):
            raise _wrong_sink("MongoDB", "mongodb")
        return _mongodb_settings(pipeline, sink, address)
    if name == JDBC_CLASS:
        if not isinstance(sink, PostgresSink):
            raise _wrong_sink("PostgreSQL", "postgres")
        return _jdbc_settings(pipeline, connector, sink, address)
    return {}


def _mongodb_settings(
    pipeline: Pipeline, sink: MongodbSink, address: SinkAddress
) -> dict[str, str]:
    return {
        "connection.uri": _reached_by_connect(address),
        "database": sink.database,
        **{
            f"topic.override.{pipeline.topic(table)}.collection": table.target
            for table in pipeline.captured
        },
    }


def _jdbc_settings(
    pipeline: Pipeline, connector: Connector, sink: PostgresSink, address: SinkAddress
) -> dict[str, str]:
    given = conninfo_to_dict(address.url)
    host = address.from_connect or f"{given['host']}:{given.get('port', 5432)}"
    own = connector.config.get("connection.password", str(given.get("password", "")))
    return {
        # https://jdbc.postgresql.org/documentation/use/#connecting-to-the-database
        "connection.url": f"jdbc:postgresql://{host}/{quote(sink.database, safe='')}",
        "connection.username": str(given.get("user", pipeline.postgres.user)),
        "connection.password": address.password or own,
    }


def _reached_by_connect(address: SinkAddress) -> str:
    """Return MongoDB's URI as Kafka Connect reaches it."""
    if not address.from_connect:
        return address.url
    parts = urlsplit(address.url)
    account, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account}{at}{address.from_connect}").geturl()


def _wrong_sink(product: str, kind: str) -> UsageFailure:
    return UsageFailure(
        "pipeline.toml: sink_connector.config.connector.class: writes to "
        f'{product}, but sink.type is not "{kind}"'
    )


def _connector(pipeline: Pipeline) -> Connector:
    if pipeline.sink_connector is None:
        raise LookupError("the pipeline has no sink connector")
    return pipeline.sink_connector


def _revive(api: ConnectApi, name: str) -> bool:
    """Restart a failed connector, resume a paused or stopped one; return False if it needs none."""
    condition = assess(name, retried(lambda: api.status(name))).condition
    if condition is Condition.FAILED:
        retried(lambda: api.restart(name))
    elif condition in PERSISTENT:
        retried(lambda: api.resume(name))
    return condition in PERSISTENT


def _wait_running(
    api: ConnectApi, name: str, stale_seconds: float, log: Callable[[], tuple[str, ...]]
) -> None:
    """Wait until the connector and its tasks run.

    Args:
        api: The worker.
        name: The connector.
        stale_seconds: How long Connect may show the state of the tasks before the change.
        log: Returns the last lines of the worker's log.
    """
    began = time.monotonic()

    def probe() -> None:
        health = assess(name, answered(lambda: api.status(name)))
        stale = time.monotonic() - began < stale_seconds
        if health.condition in PERSISTENT and not stale:
            raise ConnectorDown(_explained(health, log))
        if not health.running or stale:
            raise NotReady(health.detail or f"connector {name} has not restarted its tasks yet")

    wait_until(probe, what=f"connector {name}", deadline_seconds=DEADLINE_SECONDS, hint=LOGS)


def _explained(health: ConnectorHealth, log: Callable[[], tuple[str, ...]]) -> ConnectorHealth:
    """Return the health with the remedy for a sink, and with a cause that only the log has."""
    health = replace(health, remedy=_REMEDY)
    first = next(iter(health.failures), None)
    if first is None or _NO_DATABASE not in first.cause:
        return health
    errors = [found for found in map(_SQL_ERROR.search, log()) if found]
    if not errors:
        return health
    known = failure_of(first.who, errors[-1][0])
    detail = f"connector {health.name}: {known}"
    return replace(health, detail=detail, failures=(known, *health.failures[1:]))
