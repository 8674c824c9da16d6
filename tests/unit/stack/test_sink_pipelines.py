"""The pipelines of `pipelines/` that have a sink connector."""

from pathlib import Path

import pytest

from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline import MongodbSink, Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local import embedded
from cdc_perf.stack.local.embedded import EmbeddedTools
from cdc_perf.stack.local.passwords import CONNECTOR_REFERENCE
from cdc_perf.stack.sink_connector import SinkAddress, desired_sink_config
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.catalogue import Catalogue
from cdc_perf.tools.jars import read_lock

ROOT = Path(__file__).parents[3]
FOLDERS = ("mongodb-sink", "postgres-to-postgres")
TABLES = ("customer", "address", "orders", "order_item")
HIDDEN = "hunter2"
# What the worker's class path contains already; a second Jackson fails ("not a subtype").
ON_CLASS_PATH = ("kafka-clients", "connect-api", "slf4j-api", "jackson-core", "jackson-databind")


def checkout(folder: str) -> Checkout:
    return Checkout.at(ROOT, {PIPELINE: str(ROOT / "pipelines" / folder)})


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sink_pipeline(folder: str) -> Pipeline:
    return load_pipeline(checkout(folder))


def config(pipeline: Pipeline) -> dict[str, str]:
    scheme = "mongodb" if isinstance(pipeline.sink, MongodbSink) else "postgresql"
    url = f"{scheme}://127.0.0.1:20004/"
    if scheme == "postgresql":
        url = f"{scheme}://cdc:{HIDDEN}@127.0.0.1:20004/"
    return desired_sink_config(pipeline, SinkAddress(url, password=CONNECTOR_REFERENCE))


def test_the_lock_file_of_each_plugin_names_every_jar_once(
    folder: str, sink_pipeline: Pipeline
) -> None:
    (plugin,) = sink_pipeline.connect.plugins
    jars = read_lock(checkout(folder).pipeline / plugin.jars)
    names = [jar.artifact for jar in jars]
    assert len({jar.file_name for jar in jars}) == len(jars) > 5
    assert not set(ON_CLASS_PATH).intersection(names)


def test_a_plugin_is_a_tool_of_its_pipeline_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    names = Catalogue.__dataclass_fields__
    programs = Catalogue(*(Tool(x, "1.0", f"{x}-0123456789ab", 1, lambda *_: None) for x in names))
    monkeypatch.setattr(embedded, "catalogue", lambda *_: programs)
    cache = Cache(tmp_path)
    with_plugin, without = checkout(folder), checkout("sample")
    tools = EmbeddedTools.of(with_plugin, load_pipeline(with_plugin), cache)
    sample = EmbeddedTools.of(without, load_pipeline(without), cache)
    (plugin,) = tools.plugins.values()
    assert plugin in tools.all
    keys, of_sample = ({tool.key for tool in x.all} for x in (tools, sample))
    # The class path and the caches are the same, so the sample pays nothing for plugins.
    assert keys - of_sample == {plugin.key}
    assert not of_sample - keys


def test_the_connector_reads_every_topic_and_contains_no_password(sink_pipeline: Pipeline) -> None:
    found = config(sink_pipeline)
    assert found["topics"].split(",") == [
        f"cdc.public.{name}" for name in (*TABLES, "cdc_perf_canary")
    ]
    assert HIDDEN not in str(found)


def test_deletes_are_applied_and_unreadable_records_kept(sink_pipeline: Pipeline) -> None:
    found = config(sink_pipeline)
    assert found.get("delete.enabled", found.get("delete.on.null.values")) == "true"
    dead_letters = found["errors.deadletterqueue.topic.name"]
    assert dead_letters == sink_pipeline.kafka.dead_letter_topic


def test_the_schema_is_that_of_the_sample_with_full_replica_identity(folder: str) -> None:
    def lines(name: str) -> list[str]:
        text = (ROOT / "pipelines" / name / "schema.sql").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if line and not line.startswith("--")]

    identities = [f"ALTER TABLE {name} REPLICA IDENTITY FULL;" for name in TABLES]
    assert lines(folder) == [*lines("sample"), *identities]
