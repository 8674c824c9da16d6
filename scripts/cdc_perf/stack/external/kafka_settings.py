"""The settings of Kafka clients on an external stack: pipeline.toml, and a file with secrets."""

from collections.abc import Mapping
from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.kafka_client import FILES, MECHANISM, canonical, generator_lacks, refusal
from cdc_perf.settings.pipeline import KafkaSink, Pipeline
from cdc_perf.stack.external.files import existing
from cdc_perf.stack.external.forms import UnreadableAddress
from cdc_perf.stack.kafka_client import refusal_of

_SECTION = "pipeline.toml: kafka.client_properties"
_PROTOCOL = "security.protocol"
# A value of ssl.ca.location that is not a file: librdkafka looks for the system's certificates.
_PROBE = "probe"


def kafka_client(pipeline: Pipeline, file: str, folder: Path) -> dict[str, str]:
    """Return the settings of every Kafka client, with librdkafka's names.

    Args:
        pipeline: The pipeline; its `[kafka.client_properties]` has settings without secrets.
        file: A file of `name=value` lines, which override those; empty: none.
        folder: The pipeline's folder, against which relative paths are resolved.

    Raises:
        UsageFailure: A setting or the file is wrong. The message names it, without its value.
    """
    filed = {canonical(name): value for name, value in pipeline.kafka.client_properties.items()}
    read = _lines(Path(file)) if file else {}
    places = {**{name: f"{_SECTION}.{name}" for name in filed}, **_places(read, file)}
    client = {**filed, **read}
    for name in FILES:
        if client.get(name, _PROBE) != _PROBE:
            try:
                client[name] = str(existing(client[name], folder))
            except UnreadableAddress as fault:
                raise UsageFailure(f"{places[name]}: {fault.what}", hint=fault.remedy) from None
    if client.get(_PROTOCOL, "").lower().startswith("sasl_") and MECHANISM not in client:
        # librdkafka's default is Kerberos, which its Python package does not have.
        raise UsageFailure(
            f"{places[_PROTOCOL]}: {MECHANISM} is missing",
            hint=f"set {MECHANISM} to PLAIN, SCRAM-SHA-256, or SCRAM-SHA-512",
        )
    if refused := refusal_of(client):
        raise UsageFailure(
            f"{', '.join(places[name] for name in refused.names)}: "
            f"{refused.why or 'librdkafka does not accept the value'}",
            hint="names and values are those of librdkafka (its CONFIGURATION.md)",
        )
    lacks = generator_lacks(client) if isinstance(pipeline.sink, KafkaSink) else ""
    if lacks:
        raise UsageFailure(
            f"{places.get(lacks, _SECTION)}: k6, which reads this sink, does not support it",
            hint="use PLAIN or SCRAM, and PEM files (docs/your-pipeline.md, TLS and logins)",
        )
    return client


def _places(read: Mapping[str, str], file: str) -> dict[str, str]:
    return {name: f"{file}: {name}" for name in read}


def _lines(path: Path) -> dict[str, str]:
    """Return the settings in a file of `name=value` lines; `#` begins a comment line.

    Raises:
        UsageFailure: The file cannot be read, or a line is wrong; lines are not shown.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageFailure(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageFailure(f"{path}: not UTF-8 at byte {error.start}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, sign, value = (part.strip() for part in line.partition("="))
        if not (name and sign and value):
            raise UsageFailure(f"{path}: line {number} is not name=value")
        if why := refusal(name):
            raise UsageFailure(f"{path}: {name}: {why}")
        if canonical(name) in found:
            raise UsageFailure(f"{path}: {name}: is set twice")
        found[canonical(name)] = value
    return found
