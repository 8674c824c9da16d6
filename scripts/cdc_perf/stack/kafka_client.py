"""What the Kafka clients of the harness and of k6 have in common: settings, and early errors.

librdkafka retries every failed connection, also one that can never succeed. It reports the cause
only to a callback, which runs while the client is polled.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from cdc_perf.redaction import HIDDEN
from cdc_perf.settings.kafka_client import is_secret
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

TIMEOUT_SECONDS = 5.0
_ATTEMPT_SECONDS = 0.5
# No retry fixes these: the certificate, and the login.
_PERMANENT = frozenset({KafkaError._SSL, KafkaError._AUTHENTICATION})  # noqa: SLF001 - public codes
_NO_CAUSE = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - a public code
# A broker closes a connection whose protocol is wrong; librdkafka does not report that.
_UNKNOWN = ", or the broker expects another security.protocol"
# librdkafka's address of the broker before a text, and its own state after it.
_FRAME = re.compile(
    r"^(?:[\w+]+://)?(?P<broker>[^/\s]+)/\w+: (?P<what>.*?)(?: \(after \d+ms in state [^)]*\))?$"
)


def cluster_id(bootstrap: str, client: Mapping[str, str]) -> str:
    """Return the id of the Kafka cluster at the address.

    A failed login or TLS handshake is reported at once, and other errors after TIMEOUT_SECONDS.

    Args:
        bootstrap: The broker.
        client: Further settings, with librdkafka's names: TLS and login.

    Raises:
        NotReady: No broker answers, or it refuses the client.
    """
    seen: list[KafkaError] = []
    settings: dict[str, Any] = {
        **client,
        "bootstrap.servers": bootstrap,
        # A starting broker refuses connections, and callers wait for it.
        "log_level": 0,
        "error_cb": seen.append,
    }
    admin = AdminClient(settings)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            return str(admin.list_topics(timeout=_ATTEMPT_SECONDS).cluster_id)
        except KafkaException as error:
            admin.poll(0.05)
            permanent = [each for each in seen if each.code() in _PERMANENT]
            if permanent or time.monotonic() > deadline:
                causes = permanent or [each for each in seen if each.code() != _NO_CAUSE]
                text = causes[0].str() if causes else f"{error.args[0].str()}{_UNKNOWN}"
                raise NotReady(reason(text, bootstrap, client)) from None


def reason(text: str, bootstrap: str, client: Mapping[str, str]) -> str:
    """Return librdkafka's text of an error with the broker's address, and without secrets."""
    lines = text.strip().splitlines() or [""]
    framed = _FRAME.match(lines[0])
    what = f"{framed['broker']}: {framed['what']}" if framed else f"{bootstrap}: {lines[0]}"
    for name, value in client.items():
        if is_secret(name) and value:
            what = what.replace(value, HIDDEN)
    return what


def client_settings(endpoints: Endpoints) -> dict[str, str | int | float | bool]:
    """Return the settings that a client of a stack's broker needs; it logs nothing itself."""
    return {
        **endpoints.kafka_client,
        "bootstrap.servers": endpoints.kafka_bootstrap,
        "log_level": 0,
    }


@dataclass(frozen=True)
class Refusal:
    """Why librdkafka refuses the settings of a client.

    Attributes:
        names: The settings; all of them if its error does not say which one.
        why: Its error; empty if that has a value of a setting, which may be a secret.
    """

    names: tuple[str, ...]
    why: str


def refusal_of(client: Mapping[str, str]) -> Refusal | None:
    """Return why librdkafka refuses the settings; None if it accepts them. Nothing is connected."""
    try:
        AdminClient({**client, "log_level": 0})
    except KafkaException as error:
        text = error.args[0].str().strip().removeprefix("Failed to create admin client: ")
        shows_value = any(value in text for value in client.values())
        return Refusal(named_in(text, client), "" if shows_value else text)
    return None


def named_in(text: str, client: Mapping[str, str]) -> tuple[str, ...]:
    """Return the settings that an error names; all of them if it names none.

    The text itself is not shown, because it may have a value, which may be a secret.
    """
    found = [name for name in client if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)]
    return tuple(sorted(found or client))
