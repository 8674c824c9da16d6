"""The jars are fetched by jgo itself, from a Maven repository that `responses` plays."""

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
import requests
import responses

from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.jars import (
    SERVICE_JAR,
    Jar,
    fetch,
    jars_tool,
    plugin_tool,
    read_lock,
    version_of,
)

ROOT = Path(__file__).parents[3]
CONTENT = b"PK a jar"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LOCK = f"""\
# the class path
org.apache.kafka:kafka-clients:4.3.1 sha256:{SHA256}

io.debezium:debezium-api:3.7.0.Final   sha256:{SHA256}
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jars.txt"
    path.write_text(LOCK, encoding="utf-8")
    return path


def serve(artifact: str, body: bytes | Exception = CONTENT, status: int = 200) -> None:
    responses.add("GET", re.compile(rf".*/{artifact}-[^/]*\.jar$"), body=body, status=status)
    responses.add("GET", re.compile(rf".*/{artifact}-[^/]*\.jar\.sha1$"), status=404)


def test_the_lock_file_names_every_jar(lock: Path) -> None:
    jars = read_lock(lock)
    assert jars == (
        Jar("org.apache.kafka", "kafka-clients", "4.3.1", SHA256),
        Jar("io.debezium", "debezium-api", "3.7.0.Final", SHA256),
    )
    assert jars[0].file_name == "org.apache.kafka-kafka-clients-4.3.1.jar"
    assert version_of(jars, "debezium-api") == "3.7.0.Final"


def test_the_committed_lock_file_has_no_name_twice() -> None:
    jars = read_lock(ROOT / "requirements" / "kafka-connect-jars.txt")
    assert len({jar.file_name for jar in jars}) == len(jars) == 104
    assert version_of(jars, "kafka-clients") == "4.3.1"


@pytest.mark.parametrize(
    "line",
    [
        "org.apache.kafka:kafka-clients",
        f"kafka-clients:4.3.1 sha256:{SHA256}",
        f"a:b:c:d sha256:{SHA256}",
        f"a:b:1 {SHA256}",
        f"a:b:1 md5:{SHA256}",
        f"a:b:1 sha256:{SHA256[:-1]}",
        "a:b:1 sha256:",
        f"a:b:1 sha256:{SHA256} twice",
        f"../a:b:1 sha256:{SHA256.upper()}",
    ],
)
def test_a_broken_line_is_named_with_its_number(lock: Path, line: str) -> None:
    lock.write_text(f"{LOCK}{line}\n", encoding="utf-8")
    with pytest.raises(StackFailure, match=rf"^{lock}:5: expected group:artifact:version "):
        read_lock(lock)


def test_a_missing_lock_file_says_how_to_get_it_back(tmp_path: Path) -> None:
    with pytest.raises(StackFailure) as caught:
        read_lock(tmp_path / "jars.txt")
    assert str(caught.value) == (
        f"{tmp_path}/jars.txt: No such file or directory\n  remedy: restore it: git checkout"
    )


def test_a_missing_lock_file_of_the_user_is_not_in_git(tmp_path: Path) -> None:
    with pytest.raises(StackFailure) as caught:
        plugin_tool("jdbc", tmp_path / "jars.txt")
    assert caught.value.hint == ("create it, or correct jars of the plugin jdbc in pipeline.toml")


def test_a_lock_file_without_kafka_is_refused(lock: Path) -> None:
    lock.write_text(f"a:b:1 sha256:{SHA256}\n", encoding="utf-8")
    with pytest.raises(StackFailure, match="does not contain kafka-clients"):
        jars_tool(lock)


def test_the_key_changes_with_every_checksum(lock: Path) -> None:
    before = jars_tool(lock)
    lock.write_text(f"# another comment\n{LOCK}", encoding="utf-8")
    assert jars_tool(lock).key == before.key
    lock.write_text(LOCK.replace(SHA256, "0" * 64, 1), encoding="utf-8")
    assert jars_tool(lock).key != before.key
    assert before.version == "4.3.1 with Debezium 3.7.0.Final"
    assert before.key.startswith("kafka-4.3.1-debezium-3.7.0.Final-")


@responses.activate
def test_the_jars_are_fetched_and_nothing_else_stays(lock: Path, tmp_path: Path) -> None:
    serve("kafka-clients")
    serve("debezium-api")
    said: list[str] = []
    folder = Cache(tmp_path / "cache").install(jars_tool(lock), said.append)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "org.apache.kafka-kafka-clients-4.3.1.jar": CONTENT,
        "io.debezium-debezium-api-3.7.0.Final.jar": CONTENT,
    }
    assert said == ["1 of 2 jars", "2 of 2 jars"]


@responses.activate
def test_a_jar_with_another_checksum_is_not_used(
    lock: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serve("kafka-clients", b"PK another jar")
    serve("debezium-api")
    cache, tool = Cache(tmp_path / "cache"), jars_tool(lock)
    with caplog.at_level("CRITICAL"), pytest.raises(StackFailure) as caught:
        cache.install(tool, print)
    other = hashlib.sha256(b"PK another jar").hexdigest()
    assert caught.value.message == (f"kafka-clients 4.3.1 has the checksum {other}, not {SHA256}")
    assert "do not use it" in caught.value.hint
    assert not cache.has(tool)


@pytest.mark.parametrize(
    ("body", "status", "problem", "detail"),
    [
        (b"", 404, "RuntimeError", "kafka-clients"),
        (requests.ConnectionError("refused"), 200, "ConnectionError", "refused"),
        (requests.ReadTimeout("slow"), 200, "ReadTimeout", "slow"),
    ],
    ids=["not there", "refused", "time-out"],
)
@responses.activate
def test_a_jar_that_cannot_be_had_is_named(
    tmp_path: Path, body: bytes | Exception, status: int, problem: str, detail: str
) -> None:
    serve("kafka-clients", body, status)
    jar = Jar("org.apache.kafka", "kafka-clients", "4.3.1", SHA256)
    with pytest.raises(StackFailure) as caught:
        fetch((jar,), tmp_path, print)
    assert caught.value.message == f"cannot download kafka-clients 4.3.1: {problem}"
    assert detail in "\n".join(caught.value.detail)
    assert "Maven repository" in caught.value.hint


def plugin_jar(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return content.getvalue()


def plugin_lock(folder: Path, content: bytes) -> Path:
    path = folder / "plugin-jars.txt"
    sha256 = hashlib.sha256(content).hexdigest()
    path.write_text(f"org.example:sink:1.0 sha256:{sha256}\n", encoding="utf-8")
    return path


def test_the_key_of_a_plugin_changes_with_its_name_jars_and_classes(lock: Path) -> None:
    tools = [
        plugin_tool("sink", lock),
        plugin_tool("other", lock),
        plugin_tool("sink", lock, ["a.Sink"]),
        plugin_tool("sink", lock, ["b.Sink"]),
    ]
    lock.write_text(f"# another comment\n{LOCK}", encoding="utf-8")
    assert plugin_tool("sink", lock).key == tools[0].key
    lock.write_text(LOCK.replace("4.3.1", "4.3.2"), encoding="utf-8")
    tools.append(plugin_tool("sink", lock))
    lock.write_text(LOCK.replace(SHA256, "0" * 64, 1), encoding="utf-8")
    tools.append(plugin_tool("sink", lock))
    assert len({tool.key for tool in tools}) == len(tools)
    # The cache recognizes what it owns by this form.
    assert all(re.fullmatch(r"connect-plugin-(sink|other)-[0-9a-f]{12}", x.key) for x in tools)


@responses.activate
def test_a_plugin_declares_the_classes_that_its_jars_do_not(tmp_path: Path) -> None:
    jar = plugin_jar("a/Sink.class", "b/Sink.class")
    serve("sink", jar)
    lock = plugin_lock(tmp_path, jar)
    folders = [
        Cache(tmp_path / name).install(plugin_tool("sink", lock, ["a.Sink", "b.Sink"]), print)
        for name in ("one", "two")
    ]
    assert {path.name for path in folders[0].iterdir()} == {"org.example-sink-1.0.jar", SERVICE_JAR}
    with zipfile.ZipFile(folders[0] / SERVICE_JAR) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "META-INF/services/org.apache.kafka.connect.sink.SinkConnector": b"a.Sink\nb.Sink\n"
        }
    one, two = ((folder / SERVICE_JAR).read_bytes() for folder in folders)
    assert one == two


@responses.activate
def test_a_plugin_that_declares_its_classes_gets_no_jar_of_ours(tmp_path: Path) -> None:
    serve("sink")
    lock = plugin_lock(tmp_path, CONTENT)
    folder = Cache(tmp_path / "cache").install(plugin_tool("sink", lock), print)
    assert [path.name for path in folder.iterdir()] == ["org.example-sink-1.0.jar"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (plugin_jar("a/Other.class"), "plugin sink: no jar contains the class a.Sink"),
        (CONTENT, "plugin sink: org.example-sink-1.0.jar is not a jar"),
    ],
    ids=["another class", "not a zip file"],
)
@responses.activate
def test_a_class_that_no_jar_contains_is_named(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    serve("sink", content)
    cache, tool = (
        Cache(tmp_path / "cache"),
        plugin_tool("sink", plugin_lock(tmp_path, content), ["a.Sink"]),
    )
    with pytest.raises(StackFailure) as caught:
        cache.install(tool, print)
    assert caught.value.message == problem
    assert not cache.has(tool)


def test_a_plugin_without_a_jar_is_refused(lock: Path) -> None:
    lock.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(StackFailure, match=f"^{lock} lists no jar"):
        plugin_tool("sink", lock)
