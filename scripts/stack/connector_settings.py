"""What of the connector's configuration may be shown: how it works, not where, and no secret."""

import re
from collections.abc import Mapping

# Where it is: other ports each time that a stack is started, and a user's name.
_ADDRESS = frozenset(("database.hostname", "database.port", "database.user"))
# What Kafka, Debezium and the converters keep secret, and names that others give to such.
# https://kafka.apache.org/documentation/#connectconfigs (type password)
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|jaas|auth|private|keystore|truststore"
    r"|(?:ssl|api|access|account)[._-]?key|user[._-]?info|certificate",
    re.IGNORECASE,
)
# A password within an address or a statement, as of `database.initial.statements`.
_SECRET_VALUE = re.compile(r"://[^/\s]*@|passw|secret|bearer ", re.IGNORECASE)


def shown_settings(config: Mapping[str, str]) -> dict[str, str]:
    """Return the settings without addresses and without whatever may hold a secret, by name.

    One that is left out although it holds none is a lesser evil than one that is not.

    Args:
        config: The configuration, as Kafka Connect's REST interface gives it.
    """
    return {
        name: value
        for name, value in sorted(config.items())
        if name not in _ADDRESS
        and not _SECRET_NAME.search(name)
        and not _SECRET_VALUE.search(value)
    }
