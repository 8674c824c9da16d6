"""Jars of Kafka, Connect and its plugins, Debezium, and the JMX agent, from lock files."""

import hashlib
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.tools.cache import Note, Tool

_THREADS = 8
_LINES = 3
JMX_AGENT = "jmx_prometheus_javaagent.jar"
SERVICE_JAR = "declared-sink-connectors.jar"
# https://docs.oracle.com/en/java/javase/25/docs/api/java.base/java/util/ServiceLoader.html
_SERVICE_FILE = "META-INF/services/org.apache.kafka.connect.sink.SinkConnector"
# The oldest date that a zip file can hold: equal input makes an equal file.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_LINE = re.compile(
    r"(?P<group>[^:\s]+):(?P<artifact>[^:\s]+):(?P<version>[^:\s]+)"
    r"\s+sha256:(?P<sha256>[0-9a-f]{64})\s*"
)


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """A unique file name: two groups may have an artifact of the same name."""
        return f"{self.group}-{self.artifact}-{self.version}.jar"


def read_lock(lock: Path, if_missing: str = "restore it: git checkout") -> tuple[Jar, ...]:
    """Read a lock file: one `group:artifact:version sha256:HEX` per line, `#` for comments.

    Args:
        lock: The file.
        if_missing: What to do if it does not exist.

    Raises:
        StackFailure: The file is missing, or a line has another form.
    """
    jars = []
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StackFailure(f"{lock}: {error.strerror}", hint=if_missing) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        form = _LINE.fullmatch(line)
        if form is None:
            raise StackFailure(f"{lock}:{number}: expected group:artifact:version sha256:HEX")
        jars.append(Jar(**form.groupdict()))
    return tuple(jars)


def version_of(jars: tuple[Jar, ...], artifact: str) -> str:
    """Return the version of an artifact in the lock file.

    Raises:
        StackFailure: The lock file does not contain it.
    """
    for jar in jars:
        if jar.artifact == artifact:
            return jar.version
    raise StackFailure(f"the lock file of the jars does not contain {artifact}")


def jars_tool(lock: Path) -> Tool:
    """Return the tool that is the folder of jars."""
    jars = read_lock(lock)
    digest = hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()[:12]
    kafka, debezium = version_of(jars, "kafka-clients"), version_of(jars, "debezium-api")

    def build(folder: Path, _needs: Mapping[str, Path], note: Note) -> None:
        fetch(jars, folder, note)

    return Tool(
        name="Kafka",
        version=f"{kafka} with Debezium {debezium}",
        key=f"kafka-{kafka}-debezium-{debezium}-{digest}",
        seconds=30,
        build=build,
    )


def jmx_agent_tool(lock: Path) -> Tool:
    """Return the tool that is the folder of the JMX agent's only jar."""
    jars = read_lock(lock)
    version = version_of(jars, "jmx_prometheus_javaagent")

    def build(folder: Path, _needs: Mapping[str, Path], note: Note) -> None:
        fetch(jars, folder, note)
        (folder / jars[0].file_name).rename(folder / JMX_AGENT)

    return Tool(
        name="JMX agent",
        version=version,
        key=f"jmx-agent-{version}-{jars[0].sha256[:12]}",
        seconds=2,
        build=build,
    )


def plugin_tool(name: str, lock: Path, sink_connectors: Sequence[str] = ()) -> Tool:
    """Return the tool that is the folder of a Kafka Connect plugin.

    Args:
        name: The name of the plugin.
        lock: The lock file of its jars.
        sink_connectors: Classes of sink connectors that the jars contain but do not declare for the
            service loader, which is how the worker finds plugins: a jar of our own declares them.

    Raises:
        StackFailure: The lock file is missing, broken, or empty.
    """
    jars = read_lock(lock, f"create it, or correct jars of the plugin {name} in pipeline.toml")
    if not jars:
        raise StackFailure(f"{lock} lists no jar", hint="add the jars of the plugin")
    content = "\n".join((*(f"{jar.file_name} {jar.sha256}" for jar in jars), *sink_connectors))

    def build(folder: Path, _needs: Mapping[str, Path], note: Note) -> None:
        fetch(jars, folder, note)
        if sink_connectors:
            _expect_classes(name, folder, sink_connectors)
            _write_service_jar(folder / SERVICE_JAR, sink_connectors)

    return Tool(
        name=f"Connect plugin {name}",
        version=f"({len(jars)} jars)",
        key=f"connect-plugin-{name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}",
        seconds=10,
        build=build,
    )


def plugin_tools(checkout: Checkout, pipeline: Pipeline) -> dict[str, Tool]:
    """Return the plugins of a pipeline's Connect worker, by name.

    Raises:
        StackFailure: As in `plugin_tool`.
    """
    return {
        x.name: plugin_tool(x.name, checkout.pipeline / x.jars, x.sink_connectors)
        for x in pipeline.connect.plugins
    }


def _expect_classes(plugin: str, folder: Path, classes: Sequence[str]) -> None:
    """Raise StackFailure if no jar contains a class: the worker would ignore the declaration."""
    found: set[str] = set()
    for jar in folder.glob("*.jar"):
        try:
            with zipfile.ZipFile(jar) as archive:
                found.update(archive.namelist())
        except zipfile.BadZipFile:
            raise StackFailure(f"plugin {plugin}: {jar.name} is not a jar") from None
    for name in classes:
        if f"{name.replace('.', '/')}.class" not in found:
            raise StackFailure(
                f"plugin {plugin}: no jar contains the class {name}",
                hint="correct sink_connectors or the lock file of its jars in pipeline.toml",
            )


def _write_service_jar(path: Path, classes: Sequence[str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        lines = "".join(f"{name}\n" for name in classes)
        archive.writestr(zipfile.ZipInfo(_SERVICE_FILE, _NO_DATE), lines)


def fetch(jars: tuple[Jar, ...], folder: Path, note: Note) -> None:
    """Download every jar into `folder` and verify its SHA-256.

    Raises:
        StackFailure: A jar is unavailable, or its checksum is not that of the lock file.
    """
    # Imported here because it takes 0.1 s, and only the first run needs it.
    from jgo.maven import MavenContext  # noqa: PLC0415

    repository = folder / "repository"
    context = MavenContext(repo_cache=repository, local_repos=[], timeout=60)

    def get(jar: Jar) -> None:
        try:
            component = context.project(jar.group, jar.artifact).at_version(jar.version)
            fetched = component.artifact().resolve()
        except Exception as error:  # jgo raises RuntimeError and its HTTP client's errors
            raise StackFailure(
                f"cannot download {jar.artifact} {jar.version}: {type(error).__name__}",
                hint="check that the Maven repository is reachable, then run the command again",
                detail=tuple(str(error).splitlines()[:_LINES]),
            ) from error
        actual = hashlib.sha256(fetched.read_bytes()).hexdigest()
        if actual != jar.sha256:
            raise StackFailure(
                f"{jar.artifact} {jar.version} has the checksum {actual}, not {jar.sha256}",
                hint="it was changed between the repository and this machine: do not use it",
            )
        fetched.rename(folder / jar.file_name)

    with ThreadPoolExecutor(_THREADS) as pool:
        for done, _ in enumerate(pool.map(get, jars), start=1):
            note(f"{done} of {len(jars)} jars")
    shutil.rmtree(repository)
