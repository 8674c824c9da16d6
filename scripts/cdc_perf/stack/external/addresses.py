"""The addresses of an external stack, from pipeline.toml and the environment."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.pipeline import KafkaSink, MongodbSink, Pipeline, PostgresSink, Sink
from cdc_perf.stack.endpoints import Endpoints, names_in
from cdc_perf.stack.external import files, forms
from cdc_perf.stack.external.forms import UnreadableAddress
from cdc_perf.stack.external.kafka_settings import kafka_client

_SECTION = "pipeline.toml: stacks.external"
# k6 writes to the first and reads from the sink; the data-loss check needs Kafka between them.
_NEEDED = ("postgres_dsn", "kafka_bootstrap")
# The settings that name a file.
FILE_SETTINGS = ("kafka_client_file", "connect_ca")
_NEEDED_BY_SINK: Mapping[type[Sink], tuple[str, ...]] = {
    MongodbSink: ("mongodb_uri",),
    PostgresSink: ("sink_dsn",),
    KafkaSink: (),
}


def variable(name: str) -> str:
    """Return the environment variable that overrides a setting of [stacks.external]."""
    return f"CDC_{name.upper()}"


def addresses(pipeline: Pipeline, environment: Mapping[str, str], folder: Path) -> Endpoints:
    """Return the addresses in the form that the harness uses; empty if not given.

    Args:
        pipeline: The pipeline.
        environment: The environment, which overrides pipeline.toml.
        folder: The pipeline's folder, against which relative paths are resolved.

    Raises:
        UsageFailure: A required address is missing, one is invalid, pipeline.toml contains a
            password, a file that an address names cannot be read, or a setting of the Kafka
            clients is wrong.
    """
    given = msgspec.structs.asdict(pipeline.stacks.external)
    _refuse_passwords(given)
    found: dict[str, Any] = {
        name: _read(name, value, environment, folder) for name, value in given.items()
    }
    for name in (*_NEEDED, *_NEEDED_BY_SINK[type(pipeline.sink)]):
        if not found[name]:
            raise UsageFailure(
                f"--stack external: {name} is not set",
                hint=f"set {variable(name)}, or {name} in [stacks.external] of pipeline.toml",
            )
    client = kafka_client(pipeline, found.pop("kafka_client_file"), folder)
    return Endpoints(
        stack="external",
        **names_in(pipeline),
        kafka_client=client,
        **found,
    )


def client_file(pipeline: Pipeline, environment: Mapping[str, str], folder: Path) -> Path | None:
    """Return the file of settings of Kafka clients; None if there is none."""
    filed = pipeline.stacks.external.kafka_client_file
    found = _read("kafka_client_file", filed, environment, folder)
    return Path(found) if found else None


def _read(name: str, filed: str, environment: Mapping[str, str], folder: Path) -> str:
    """Return the address with that name; the environment overrides the file.

    Raises:
        UsageFailure: It is invalid.
    """
    typed = environment.get(variable(name), "").strip()
    text = typed or filed.strip()
    if not text:
        return ""
    try:
        address = _FORMS[name](text)
        return _FILES[name](address, folder) if name in _FILES else address
    except UnreadableAddress as fault:
        where = variable(name) if typed else f"{_SECTION}.{name}"
        raise UsageFailure(f"{where}: {fault.what}", hint=fault.remedy) from None


def _refuse_passwords(given: Mapping[str, str]) -> None:
    """Raise UsageFailure if the committed file contains a password."""
    for name, text in given.items():
        if name in FILE_SETTINGS:
            continue
        user = text.partition("://")[2].rpartition("@")[0]
        if ":" in user or "password" in text.lower():
            raise UsageFailure(
                f"{_SECTION}.{name}: contains a password",
                hint=f"remove it, and set {variable(name)} in the environment",
            )


_FORMS: Mapping[str, Callable[[str], str]] = {
    "postgres_dsn": forms.postgres,
    "kafka_bootstrap": forms.kafka,
    "mongodb_uri": forms.mongodb,
    "sink_dsn": forms.postgres,
    "kafka_client_file": str,
    "connect_url": forms.connect,
    "connect_ca": str,
    "consumer_url": forms.consumer,
    "connector_postgres": forms.connector_postgres,
    "prometheus_url": forms.prometheus,
    "toxiproxy_url": forms.toxiproxy,
}
# The addresses that are or name files.
_FILES: Mapping[str, Callable[[str, Path], str]] = {
    "postgres_dsn": files.in_dsn,
    "mongodb_uri": files.in_uri,
    "sink_dsn": files.in_dsn,
    "kafka_client_file": files.settings_file,
    "connect_ca": files.authorities,
}
