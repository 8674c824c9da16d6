"""The passwords of one embedded stack: new at each `up`, stored only in files of mode 0600."""

import secrets
from dataclasses import dataclass, field

_BYTES = 24
# Kafka Connect reads the password from its environment, so its REST API never shows it.
# https://kafka.apache.org/documentation/#connect_configproviders
CONNECTOR_VARIABLE = "CDC_CONNECTOR_POSTGRES_PASSWORD"
CONNECTOR_REFERENCE = f"${{env:{CONNECTOR_VARIABLE}}}"


def _new() -> str:
    return secrets.token_urlsafe(_BYTES)


@dataclass(frozen=True)
class Passwords:
    """One password for each account. All characters are safe in a URL and in a settings file.

    Attributes:
        admin: Password of PostgreSQL's superuser.
        pipeline: Password of PostgreSQL's role for k6, the connector, and the harness.
        connect: Password of the only account of Kafka Connect's REST API.
    """

    admin: str = field(default_factory=_new, repr=False)
    pipeline: str = field(default_factory=_new, repr=False)
    connect: str = field(default_factory=_new, repr=False)
