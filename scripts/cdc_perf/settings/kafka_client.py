"""The rules for the settings of Kafka clients, which have librdkafka's names.

https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
"""

from collections.abc import Mapping

MECHANISM = "sasl.mechanism"
# Settings with two names; the value of the second one counts under the first.
_ALIASES = {"sasl.mechanisms": MECHANISM}
# The settings whose values are files.
FILES = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.crl.location",
)
_SET_BY_THE_HARNESS = frozenset(
    {
        *("bootstrap.servers", "metadata.broker.list", "group.id", "group.instance.id"),
        *("enable.auto.commit", "auto.commit.interval.ms", "enable.auto.offset.store"),
        *("auto.offset.reset", "enable.partition.eof", "isolation.level"),
        *("queued.max.messages.kbytes", "log_level", "log.queue", "debug", "transactional.id"),
    }
)
# They load code, or are functions of a program.
_NOT_FOR_FILES = ("plugin.library.paths", "default.topic.config", "opaque", "logger", "on_commit")
_SECRET_WORDS = ("password", "secret", "passphrase")
_SECRETS = frozenset({"sasl.oauthbearer.config", "ssl.key.pem"})
# k6's client, franz-go, has other settings; the extension translates these
# (k6/extension/kafka_settings.go).
GENERATOR_SETTINGS = (
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "enable.ssl.certificate.verification",
    "ssl.endpoint.identification.algorithm",
)
_GENERATOR_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# Without these settings, a client has no access, or less security than the user asked for.
_ACCESS = ("security.", "sasl.", "ssl.", "enable.ssl.", "enable.sasl.")


def canonical(name: str) -> str:
    """Return the name under which a setting is kept."""
    return _ALIASES.get(name, name)


def is_secret(name: str) -> bool:
    """Return whether the value of a setting may be a secret."""
    words = any(word in name for word in _SECRET_WORDS)
    return words or name in _SECRETS or name.endswith("key.pem")


def refusal(name: str) -> str:
    """Return why a setting is refused, as the end of a sentence; empty if it is not."""
    if name in _SET_BY_THE_HARNESS:
        return "is set by cdc-perf; remove it"
    if name in _NOT_FOR_FILES or name.endswith("_cb"):
        return "cannot be set in a file; remove it"
    return ""


def generator_settings(client: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that k6's client knows."""
    return {name: value for name, value in client.items() if name in GENERATOR_SETTINGS}


def generator_ignores(client: Mapping[str, str]) -> tuple[str, ...]:
    """Return the settings that k6's client does not know and can do without."""
    return tuple(
        name for name in client if name not in GENERATOR_SETTINGS and not name.startswith(_ACCESS)
    )


def generator_lacks(client: Mapping[str, str]) -> str:
    """Return a setting of TLS or login that k6's client does not support; empty if none."""
    for name in client:
        if name not in GENERATOR_SETTINGS and name.startswith(_ACCESS):
            return name
    login = client.get("security.protocol", "").lower().startswith("sasl_")
    if login and client.get(MECHANISM, "").upper() not in _GENERATOR_MECHANISMS:
        return MECHANISM
    return ""
