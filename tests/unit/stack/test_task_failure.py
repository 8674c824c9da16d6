"""The root cause of a task's trace, and what is known of it."""

import pytest

from cdc_perf.stack.task_failure import FailureCode, failure_of, root_cause

AT = "\tat io.debezium.A.b(A.java:1)"
SEND = f"""\
org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer \
send callback
{AT}
Caused by: org.apache.kafka.common.errors.RecordTooLargeException: """
STREAM = f"""\
org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change \
event producer.
{AT}
Caused by: org.apache.kafka.connect.errors.ConnectException: """
# As Debezium 3.7 and Kafka Connect 4.3 gave them on the embedded stack, the frames left out.
NULL = f"""{STREAM}Error while processing event at offset {{lsn=28490752, messageType=UPDATE}}
{AT}
\t... 10 more
Caused by: org.apache.kafka.connect.errors.DataException: Invalid value: null used for required \
field: "vals", schema type: ARRAY
{AT}
\t... 19 more
"""
SLOT_LOST = f"""\
io.debezium.DebeziumException: The connector is trying to read change stream starting at \
PostgresOffsetContext [sourceInfoSchema=Schema{{io.debezium.connector.postgresql.Source:STRUCT}}, \
sourceInfo=source_info[server='cdc'db='cdc', lsn=LSN{{0/135F88B0}}, txId=779, messageType=COMMIT, \
lastCommitLsn=LSN{{0/135F88B0}}, timestamp=2026-11-28T12:02:48.992885Z, snapshot=FALSE, schema=, \
table=], transactionContext=TransactionContext [currentTransactionId=null, \
perTableEventCount={{}}, totalEventCount=0]], but this is no longer available on the server. \
Reconfigure the connector to use a snapshot mode when needed.
{AT}
"""
POSTGRES = "Caused by: org.postgresql.util.PSQLException: "


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        ("", "no trace given"),
        ("  \n", "no trace given"),
        ("java.lang.Error: no", "Error: no"),
        ("java.lang.OutOfMemoryError", "OutOfMemoryError"),
        ("io.debezium.Outer$Inner: gone\n" + AT, "Inner: gone"),
        ("plain words: and more", "plain words: and more"),
        (f"a.b.Outer: x\n{AT}\nCaused by: a.b.Mid: y\n{AT}\nCaused by: a.b.In: z\n{AT}", "In: z"),
        # A suppressed exception has causes of its own, which are not the failure's.
        (
            f"a.b.O: x\n\tSuppressed: a.b.S: s\n\tCaused by: a.b.T: t\nCaused by: a.b.In: z\n{AT}",
            "In: z",
        ),
        (f"a.b.Outer: x\n\tSuppressed: a.b.S: s\n\tCaused by: a.b.T: t\n{AT}", "Outer: x"),
        # What the message itself holds stays in one line.
        (f"a.b.O: x\n{POSTGRES}ERROR: no\n  Hint: see\n{AT}", "PSQLException: ERROR: no"),
    ],
)
def test_the_last_cause_counts_with_its_short_name(trace: str, cause: str) -> None:
    assert root_cause(trace) == cause


def test_a_message_that_dumps_an_object_stays_a_line() -> None:
    cause = root_cause(SLOT_LOST)
    assert cause.endswith("Reconfigure the connector to use a snapshot mode when needed.")
    assert len(cause) <= 300
    assert len(root_cause(f"a.b.Error: {'x' * 1000}")) == 300


@pytest.mark.parametrize(
    ("trace", "code"),
    [
        (
            (
                f"{SEND}The message is 2097580 bytes when serialized which is larger than 1048576, "
                "which is the value of the max.request.size configuration."
            ),
            FailureCode.RECORD_TOO_LARGE,
        ),
        (
            (
                f"{SEND}The message is 3146157 bytes when serialized which is larger than the "
                "total memory buffer you have configured with the buffer.memory configuration."
            ),
            FailureCode.BUFFER_TOO_SMALL,
        ),
        (
            (
                f"{SEND}The request included a message larger than the max message size the server "
                "will accept."
            ),
            FailureCode.RECORD_REFUSED,
        ),
        (NULL, FailureCode.NULL_IN_REQUIRED),
        (SLOT_LOST, FailureCode.SLOT_LOST),
        (
            f'{POSTGRES}ERROR: can no longer get changes from replication slot "s"',
            FailureCode.SLOT_LOST,
        ),
        (f'{POSTGRES}ERROR: replication slot "s" does not exist', FailureCode.SLOT_MISSING),
        (f'{POSTGRES}ERROR: replication slot "s" is active for PID 7', FailureCode.SLOT_IN_USE),
        (f'{POSTGRES}ERROR: publication "p" does not exist', FailureCode.PUBLICATION_MISSING),
        (
            (
                f"{STREAM}Publication autocreation is disabled, please create one and restart the "
                "connector."
            ),
            FailureCode.PUBLICATION_MISSING,
        ),
        (f'{POSTGRES}FATAL: password authentication failed for user "u"', FailureCode.LOGIN),
        (f"{POSTGRES}FATAL: no pg_hba.conf entry for replication", FailureCode.LOGIN),
        (f"{POSTGRES}ERROR: permission denied for table customer", FailureCode.PERMISSION),
        (
            (
                f"{POSTGRES}ERROR: permission denied to start WAL sender\n  Detail: Only roles "
                "with the REPLICATION attribute may"
            ),
            FailureCode.PERMISSION,
        ),
        (f'{POSTGRES}ERROR: logical decoding requires "wal_level"', FailureCode.WAL_LEVEL),
        ("java.lang.OutOfMemoryError: Java heap space", FailureCode.MEMORY),
        (
            "x\nCaused by: org.apache.kafka.common.errors.TopicAuthorizationException: [t]",
            FailureCode.KAFKA_PERMISSION,
        ),
        (
            (
                "x\nCaused by: org.apache.kafka.common.errors.TimeoutException: Topic t not "
                "present in metadata after 60000 ms."
            ),
            FailureCode.KAFKA_AWAY,
        ),
        (f"{POSTGRES}Connection to 127.0.0.1:1 refused.", FailureCode.POSTGRES_AWAY),
        ("a.b.NullPointerException", FailureCode.UNKNOWN),
        ("", FailureCode.UNKNOWN),
    ],
)
def test_a_known_cause_has_its_code_and_every_failure_a_remedy(
    trace: str, code: FailureCode
) -> None:
    failure = failure_of("task 0", trace)
    assert (failure.who, failure.code, failure.cause) == ("task 0", code, root_cause(trace))
    assert failure.remedy


def test_every_code_is_reached_by_a_pattern_and_has_a_remedy() -> None:
    for code in FailureCode:
        assert failure_of("task 0", "").__class__("task 0", code, "x").remedy


def test_a_column_that_may_not_be_null_is_named() -> None:
    failure = failure_of("task 0", NULL)
    assert failure.column == "vals"
    assert "{" not in failure.remedy
