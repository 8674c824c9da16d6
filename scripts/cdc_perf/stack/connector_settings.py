"""The connector settings that may be shown: those that contain no secret."""

import re
from collections.abc import Iterator, Mapping

from cdc_perf.redaction import redacted

_ANY = r"[\w-]+"
# Settings whose values are choices, numbers, or names of captured objects. Any other setting may
# contain a secret, an address, or a statement with one, whatever its name.
# https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-connector-properties
# https://kafka.apache.org/documentation/#connectconfigs
_SHOWN = re.compile(
    "|".join(
        (
            r"name|connector\.class|tasks\.max|exactly\.once\.support|predicates|transforms",
            r"plugin\.name|publication\.(?:name|autocreate\.mode)|publish\.via\.partition\.root",
            r"slot\.(?:name|drop\.on\.stop|failover|max\.retries|retry\.delay\.ms)",
            r"(?:lsn\.)?flush\.(?:lsn\.source|mode|timeout\.ms|timeout\.action)|read\.only",
            r"database\.(?:dbname|sslmode|tcpKeepAlive|query\.timeout\.ms)",
            r"(?:schema|table|column)\.(?:include|exclude)\.list|message\.key\.columns",
            r"topic\.(?:prefix|delimiter|naming\.strategy|cache\.size|heartbeat\.prefix|transaction)",
            (
                r"snapshot\.(?:mode|mode\.configuration\.based\.[\w.]+|locking\.mode|query\.mode"
                r"|isolation\.mode|delay\.ms|fetch\.size|lock\.timeout\.ms|max\.threads"
                r"|include\.collection\.list)"
            ),
            r"incremental\.snapshot\.(?:chunk\.size|watermarking\.strategy|allow\.schema\.changes)",
            r"streaming\.delay\.ms|poll\.interval\.ms|status\.update\.interval\.ms",
            r"heartbeat\.(?:interval\.ms|topics\.prefix)|xmin\.fetch\.interval\.ms",
            r"max\.(?:batch\.size|queue\.size|queue\.size\.in\.bytes)|retriable\.restart\.[\w.]+\.ms",
            r"errors\.(?:max\.retries|retry\.[\w.]+|tolerance|log\.enable|log\.include\.messages)",
            r"event\.processing\.failure\.handling\.mode|skipped\.operations|converters",
            r"skip\.messages\.without\.change|provide\.transaction\.metadata|tombstones\.on\.delete",
            r"(?:time\.precision|(?:decimal|hstore|interval|binary)\.handling|schema\.refresh)\.mode",
            r"(?:schema|field)\.name\.adjustment\.mode|money\.fraction\.digits",
            r"include\.(?:unknown\.datatypes|schema\.comments)|unavailable\.value\.placeholder",
            r"(?:signal|notification)\.enabled\.channels|signal\.data\.collection",
            r"(?:key|value)\.converter(?:\.schemas\.enable|\.replace\.null\.with\.default)?",
            (
                rf"predicates\.{_ANY}\.type|transforms\.{_ANY}\.(?:type|predicate|negate|header"
                r"|delete\.tombstone\.handling\.mode|add\.(?:fields|headers)(?:\.prefix)?"
                r"|drop\.fields\.[\w.]+|route\.by\.field|replace\.null\.with\.default)"
            ),
            (
                rf"topic\.creation\.{_ANY}\.(?:partitions|replication\.factor|include|exclude"
                r"|cleanup\.policy|compression\.type|min\.insync\.replicas|[\w.]+\.(?:ms|bytes))"
            ),
            (
                r"producer\.override\.(?:acks|batch\.size|buffer\.memory|compression\.type"
                r"|delivery\.timeout\.ms|enable\.idempotence|linger\.ms|max\.block\.ms|max\.request\.size"
                r"|max\.in\.flight\.requests\.per\.connection|request\.timeout\.ms|retries)"
            ),
        )
    )
)


_NOT_SHOWN = "(not shown)"


def changed_settings(current: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[str]:
    """Describe each setting that a deployment changes; hide values that may be secret.

    Args:
        current: The configuration in Kafka Connect; empty if it has no such connector.
        desired: The configuration to deploy.
    """
    before, after = shown_settings(current), shown_settings(desired)
    for name in sorted(current.keys() | desired.keys()):
        if current.get(name) == desired.get(name):
            continue
        old, new = before.get(name, _NOT_SHOWN), after.get(name, _NOT_SHOWN)
        if name not in current:
            yield f"add {name} = {new}"
        elif name not in desired:
            yield f"remove {name} = {old}"
        else:
            yield f"change {name} = {old} to {new}"


def shown_settings(config: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that contain neither a secret nor an address, by name.

    Args:
        config: The configuration, as Kafka Connect's REST API returns it.
    """
    return {
        name: value
        for name, value in sorted(config.items())
        if _SHOWN.fullmatch(name) and redacted(value) == value
    }
