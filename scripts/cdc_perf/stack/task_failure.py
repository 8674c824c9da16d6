"""The root cause of a failed connector or task, and its remedy.

The outermost exception of a trace is a generic one of Kafka Connect or Debezium; the innermost, the
last `Caused by`, is the root cause.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from cdc_perf.installation import COMMAND

_CAUSED_BY = "Caused by: "
_LENGTH = 300
# A Java class with its package, such as `org.apache.kafka.common.KafkaException`.
_CLASS = re.compile(r"^(?:[A-Za-z_]\w*\.){1,}(?:\w+\$)*(?P<name>[A-Za-z_]\w*)(?=:|$)")
# The innermost pair of brackets in the output of a Debezium `toString`.
_DUMP = re.compile(r"(?:\w+ ?)?[\[{][^\[\]{}]*[\]}]")


class FailureCode(StrEnum):
    """The kind of a failure."""

    RECORD_TOO_LARGE = "record_too_large"
    RECORD_REFUSED = "record_refused_by_broker"
    BUFFER_TOO_SMALL = "producer_buffer_too_small"
    NULL_IN_REQUIRED = "null_in_required_column"
    SLOT_LOST = "slot_lost"
    SLOT_MISSING = "slot_missing"
    SLOT_IN_USE = "slot_in_use"
    PUBLICATION_MISSING = "publication_missing"
    WAL_LEVEL = "wal_level"
    LOGIN = "login"
    PERMISSION = "permission"
    POSTGRES_AWAY = "postgres_away"
    KAFKA_AWAY = "kafka_away"
    KAFKA_PERMISSION = "kafka_permission"
    MEMORY = "memory"
    UNKNOWN = "unknown"


# The first matching pattern decides.
_PATTERNS: tuple[tuple[FailureCode, str], ...] = (
    (FailureCode.RECORD_TOO_LARGE, r"RecordTooLargeException.*max\.request\.size"),
    (FailureCode.BUFFER_TOO_SMALL, r"RecordTooLargeException.*buffer\.memory"),
    (FailureCode.RECORD_REFUSED, r"RecordTooLargeException"),
    (FailureCode.NULL_IN_REQUIRED, r'null used for required field: "(?P<column>[^"]*)"'),
    (FailureCode.SLOT_LOST, r"no longer available on the server|can no longer get changes from"),
    (FailureCode.SLOT_LOST, r"can no longer access replication|replication slot .*invalidated"),
    (FailureCode.SLOT_MISSING, r"replication slot \S+ does not exist"),
    (FailureCode.SLOT_IN_USE, r"replication slot \S+ is active for PID"),
    (FailureCode.PUBLICATION_MISSING, r"publication \S+ does not exist"),
    (FailureCode.PUBLICATION_MISSING, r"Publication autocreation is disabled"),
    (FailureCode.WAL_LEVEL, r"wal_level"),
    (FailureCode.LOGIN, r"authentication failed|no pg_hba\.conf entry|role \S+ does not exist"),
    (FailureCode.LOGIN, r"is not permitted to log in|no password was provided"),
    (FailureCode.PERMISSION, r"permission denied|must be (?:superuser|owner)"),
    (FailureCode.PERMISSION, r"REPLICATION attribute|insufficient privilege"),
    (FailureCode.KAFKA_PERMISSION, r"(?:Topic|Group|Cluster|TransactionalId)AuthorizationExc"),
    (FailureCode.KAFKA_PERMISSION, r"SaslAuthenticationException|SslAuthenticationException"),
    (FailureCode.MEMORY, r"OutOfMemoryError"),
    (FailureCode.KAFKA_AWAY, r"common\.errors\.(?:Timeout|Disconnect|Network)Exception"),
    (FailureCode.KAFKA_AWAY, r"common\.errors\.NotEnoughReplicas\w*Exception"),
    (FailureCode.POSTGRES_AWAY, r"Connection (?:to \S+ )?refused|UnknownHostException"),
    (FailureCode.POSTGRES_AWAY, r"terminating connection|the database system is "),
    (FailureCode.POSTGRES_AWAY, r"Database connection failed|I/O error occurred while sending"),
)
_CONFIG = "in [connector.config] of pipeline.toml"
_RESTART_NOW = f"{COMMAND} connector.restart"
_RESTART = f"then {_RESTART_NOW}"
_DEPLOY = f"then {COMMAND} connector.deploy"
_SLOT_AGAIN = (
    f"changes since then are lost: {COMMAND} down, then {COMMAND} up; on an external stack, "
    "stop the connector, delete its offsets (DELETE /connectors/NAME/offsets), and resume it"
)
_REMEDIES: dict[FailureCode, str] = {
    FailureCode.RECORD_TOO_LARGE: (
        f"raise producer.override.max.request.size {_CONFIG} above the size of the row, and "
        f"max.message.bytes of its topic too; {_DEPLOY}, which sets both except on an external "
        "stack"
    ),
    FailureCode.BUFFER_TOO_SMALL: (
        f"raise producer.override.buffer.memory {_CONFIG} above "
        f"producer.override.max.request.size; {_DEPLOY}"
    ),
    FailureCode.RECORD_REFUSED: (
        "raise max.message.bytes of the topic (or message.max.bytes of the broker) above the size "
        f"of the row; {_RESTART}"
    ),
    FailureCode.NULL_IN_REQUIRED: (
        "a TOASTed value of this column did not change in an update, and Debezium has no "
        "placeholder for its type. For later changes: ALTER TABLE {table} REPLICA IDENTITY FULL. "
        "For the blocked change: ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL, "
        f"{_RESTART_NOW}, then SET NOT NULL again, and update the row to restore its value"
    ),
    FailureCode.SLOT_LOST: (
        f"the replication slot was dropped, or fell too far behind, and {_SLOT_AGAIN}"
    ),
    FailureCode.SLOT_MISSING: f"the replication slot was dropped, and {_SLOT_AGAIN}",
    FailureCode.SLOT_IN_USE: (
        "another connector or program reads from the slot: stop it, or set another slot in "
        f"pipeline.toml; {_DEPLOY}"
    ),
    FailureCode.PUBLICATION_MISSING: (
        f"create the publication that pipeline.toml names, with its tables; {_RESTART}"
    ),
    FailureCode.WAL_LEVEL: f"set wal_level = logical and restart PostgreSQL; {_RESTART}",
    FailureCode.LOGIN: (
        "check user and password of the connector, and pg_hba.conf of PostgreSQL; "
        f"{_DEPLOY} or {_RESTART_NOW}"
    ),
    FailureCode.PERMISSION: (
        "grant the connector's role REPLICATION, and SELECT on the tables of pipeline.toml; "
        f"{_RESTART}"
    ),
    FailureCode.KAFKA_PERMISSION: (
        f"allow the connector's user to write to the topics of pipeline.toml; {_RESTART}"
    ),
    FailureCode.MEMORY: (
        "give Kafka Connect a larger heap, or limit the queue (max.queue.size.in.bytes "
        f"{_CONFIG}); {_DEPLOY}"
    ),
    FailureCode.KAFKA_AWAY: f"Kafka does not answer in time: see {COMMAND} status; {_RESTART}",
    FailureCode.POSTGRES_AWAY: f"PostgreSQL does not answer: see {COMMAND} status; {_RESTART}",
    FailureCode.UNKNOWN: f"see {COMMAND} logs --component connect; remove the cause, {_RESTART}",
}


@dataclass(frozen=True)
class TaskFailure:
    """A failed connector or task.

    Attributes:
        who: `connector NAME` or `task 0`.
        code: The kind of failure.
        cause: The root cause in one line, with the exception's short class name.
        column: The column that the trace names; empty if none.
        tables: The tables that have such a column; empty if not looked up.
        of_sink: Whether it is a failure of the sink connector. The known causes are those of a
            source, so the remedy of a sink is always the same.
    """

    who: str
    code: FailureCode
    cause: str
    column: str = ""
    tables: tuple[str, ...] = ()
    of_sink: bool = False

    @property
    def remedy(self) -> str:
        """How to fix it."""
        if self.of_sink:
            return _REMEDIES[FailureCode.UNKNOWN]
        remedy = _REMEDIES[self.code]
        if self.code is not FailureCode.NULL_IN_REQUIRED:
            return remedy
        return remedy.format(table=" or ".join(self.tables) or "...", column=self.column)

    @property
    def what(self) -> str:
        """The root cause, with the table if it is known."""
        return f"{self.cause} (table {' or '.join(self.tables)})" if self.tables else self.cause

    def __str__(self) -> str:
        """Return what failed, and why."""
        return f"{self.who} FAILED: {self.what}"


def root_cause(trace: str) -> str:
    """Return the last cause of a Java stack trace in one line, with its short class name.

    It ignores the causes of suppressed exceptions, which are indented.
    """
    lines = trace.strip().splitlines()
    if not lines:
        return "no trace given"
    causes = [x.removeprefix(_CAUSED_BY) for x in lines if x.startswith(_CAUSED_BY)]
    line = (causes or lines)[-1 if causes else 0].strip()
    line = _CLASS.sub(lambda match: match["name"], line)
    if len(line) > _LENGTH:
        line = _undumped(line)
    return line if len(line) <= _LENGTH else f"{line[: _LENGTH - 3]}..."


def failure_of(who: str, trace: str) -> TaskFailure:
    """Return the failure that a trace describes.

    Args:
        who: `connector NAME` or `task 0`.
        trace: The trace from Kafka Connect; may be empty.
    """
    for code, pattern in _PATTERNS:
        if match := re.search(pattern, trace):
            column = match.groupdict().get("column") or ""
            return TaskFailure(who, code, root_cause(trace), column)
    return TaskFailure(who, FailureCode.UNKNOWN, root_cause(trace))


def _undumped(line: str) -> str:
    """Return a message without its dumps of objects, which are pages long."""
    while (shorter := _DUMP.sub("(..)", line)) != line:
        line = shorter
    return line
