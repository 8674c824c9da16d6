import re
from pathlib import Path

import pytest

from cdc_perf.files import PRIVATE
from cdc_perf.stack.endpoints import CONNECT_USER
from cdc_perf.stack.local.jvm import (
    Java,
    copy_storage,
    new_cluster_id,
    programs,
    write_settings,
)
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.passwords import CONNECTOR_VARIABLE, Passwords
from tests.unit.stack.fixed_ports import PORTS


def properties(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_both_processes_listen_on_the_loopback_interface_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path / ".stack")
    write_settings(layout, PORTS, Passwords())
    kafka = properties(layout.settings / "kafka.properties")
    connect = properties(layout.settings / "connect.properties")
    assert kafka["listeners"] == (
        f"PLAINTEXT://127.0.0.1:{PORTS.kafka},CONTROLLER://127.0.0.1:{PORTS.kafka_controller}"
    )
    assert kafka["advertised.listeners"] == f"PLAINTEXT://127.0.0.1:{PORTS.kafka}"
    assert kafka["controller.quorum.voters"] == f"1@127.0.0.1:{PORTS.kafka_controller}"
    assert kafka["log.dirs"] == str(layout.data / "kafka")
    assert connect["listeners"] == f"http://127.0.0.1:{PORTS.connect}"
    assert connect["bootstrap.servers"] == f"127.0.0.1:{PORTS.kafka}"
    assert connect["group.id"] != "cdc-consumer"


@pytest.mark.parametrize(
    ("folder", "written"),
    [("a\\b", r"a\\b"), ("späces in it", r"sp\u00e4ces in it"), ("𝄞", r"\ud834\udd1e")],
    ids=["a backslash", "beyond ASCII", "beyond 16 bits"],
)
def test_a_folder_is_written_as_java_reads_it(tmp_path: Path, folder: str, written: str) -> None:
    layout = Layout(tmp_path / folder)
    write_settings(layout, PORTS, Passwords())
    kafka = properties(layout.settings / "kafka.properties")
    assert kafka["log.dirs"] == f"{tmp_path}/{written}/data/kafka"


@pytest.mark.parametrize(
    ("training", "caches", "flag", "seconds"),
    [
        (False, Path("/caches"), "-XX:AOTCache=/caches/kafka.aot", 10),
        (True, Path("/caches"), "-XX:AOTCacheOutput=/caches/kafka.aot", 180),
        (False, None, "", 10),
    ],
    ids=["from a cache", "training", "without"],
)
def test_a_cache_is_read_or_written_for_one_fixed_class_path(
    tmp_path: Path, *, training: bool, caches: Path | None, flag: str, seconds: int
) -> None:
    for name in ("b.jar", "a.jar", "c.txt"):
        (tmp_path / name).touch()
    java = Java(Path("/java"), tmp_path, caches, training)
    kafka, connect = programs(Layout(tmp_path / ".stack"), java, Passwords())
    words = [str(word) for word in kafka.argv]
    assert words[words.index("-cp") + 1] == f"{tmp_path}/a.jar:{tmp_path}/b.jar"
    assert [word for word in words if "AOT" in word] == ([flag] if flag else [])
    assert kafka.stop_seconds == connect.stop_seconds == seconds
    assert words[0].startswith("/java/")


def test_an_agent_is_loaded_before_the_main_class_and_without_a_cache(tmp_path: Path) -> None:
    java = Java(Path("/java"), tmp_path, Path("/caches"))
    agents = {"kafka": "-javaagent:a.jar=127.0.0.1:1:k.yml", "connect": "-javaagent:a.jar=..."}
    kafka, connect = programs(Layout(tmp_path / ".stack"), java, Passwords(), agents)
    words = [str(word) for word in kafka.argv]
    assert words.index(agents["kafka"]) < words.index("kafka.Kafka")
    assert agents["connect"] in connect.argv
    assert not any("AOT" in str(word) for word in (*kafka.argv, *connect.argv))


def test_a_cluster_id_is_one_of_kafkas_and_another_each_time() -> None:
    identifiers = {new_cluster_id() for _ in range(50)}
    assert len(identifiers) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_]{22}", identifier) for identifier in identifiers)


def test_copied_storage_gets_a_cluster_id_of_its_own(tmp_path: Path) -> None:
    template, layout = tmp_path / "template", Layout(tmp_path / ".stack")
    (template / "storage").mkdir(parents=True)
    text = "version=1\ncluster.id=old\nnode.id=1\n"
    (template / "storage" / "meta.properties").write_text(text, encoding="utf-8")
    copy_storage(template, layout, "new")
    meta = properties(layout.data / "kafka" / "meta.properties")
    assert meta == {"version": "1", "cluster.id": "new", "node.id": "1"}
    assert properties(template / "storage" / "meta.properties")["cluster.id"] == "old"


def test_kafka_connect_asks_for_an_account_and_resolves_one_variable_alone(tmp_path: Path) -> None:
    layout, passwords = Layout(tmp_path / ".stack"), Passwords()
    write_settings(layout, PORTS, passwords)
    connect = properties(layout.settings / "connect.properties")
    assert connect["rest.extension.classes"].endswith(".BasicAuthSecurityRestExtension")
    assert connect["config.providers"] == "env"
    assert connect["config.providers.env.param.allowlist.pattern"] == CONNECTOR_VARIABLE
    users = layout.settings / "connect-users.properties"
    # Without any account the login module lets everybody in.
    assert properties(users) == {CONNECT_USER: passwords.connect}
    assert users.stat().st_mode & 0o777 == PRIVATE
    _, worker = programs(layout, Java(Path("/java"), tmp_path, None), passwords)
    assert worker.environment[CONNECTOR_VARIABLE] == passwords.pipeline
    words = " ".join(str(word) for word in worker.argv)
    assert "-Djava.security.auth.login.config=settings/connect-jaas.conf" in words
    assert not [x for x in (passwords.pipeline, passwords.connect) if x in words]


def test_a_worker_without_plugins_has_no_plugin_path(tmp_path: Path) -> None:
    layout = Layout(tmp_path / ".stack")
    write_settings(layout, PORTS, Passwords())
    assert "plugin.path" not in properties(layout.settings / "connect.properties")
    assert not (layout.settings / "plugins").exists()


def test_each_plugin_has_its_own_folder_on_a_path_without_commas(tmp_path: Path) -> None:
    jars = {}
    for name in ("one", "two"):
        jars[name] = tmp_path / "a,b" / name
        jars[name].mkdir(parents=True)
        (jars[name] / f"{name}.jar").touch()
    layout = Layout(tmp_path / "c,d" / ".stack")
    write_settings(layout, PORTS, Passwords(), jars)
    path = properties(layout.settings / "connect.properties")["plugin.path"]
    assert "," not in path
    # The worker runs in the folder of the stack.
    plugins = layout.root / path
    assert {x.name: [jar.name for jar in x.iterdir()] for x in plugins.iterdir()} == {
        "one": ["one.jar"],
        "two": ["two.jar"],
    }
    assert "plugin.path" not in properties(layout.settings / "kafka.properties")


def test_removing_the_settings_of_a_stack_leaves_the_jars_of_its_plugins(tmp_path: Path) -> None:
    jar = tmp_path / "cache" / "one.jar"
    jar.parent.mkdir()
    jar.touch()
    layout = Layout(tmp_path / ".stack")
    write_settings(layout, PORTS, Passwords(), {"one": jar.parent})
    layout.clear()
    assert jar.exists()
    assert not layout.settings.exists()
