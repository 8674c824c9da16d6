"""Changes of tables that no event tells of, and dead letters that are sent twice, for real."""

import os
import signal
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewPartitions
from pymongo.collection import Collection

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import CauseCode, Finding, FindingKind, Integrity
from cdc_perf.verdict.integrity_gates import exit_code_of
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.integrity_stack import Planted, planted

pytestmark = pytest.mark.slow

SCHEMA = """
CREATE TABLE grown (
    id uuid PRIMARY KEY, a text DEFAULT 'a', b integer DEFAULT 1, n integer DEFAULT 1);
"""
TABLES = """
[[tables]]
table = "public.grown"
key = ["id"]
target = "grown"

[connector]
"""
ROWS = 3
INSERT = "INSERT INTO grown (id) VALUES (gen_random_uuid())"
LIVE = {"_cdc.op": {"$ne": "d"}}
Causes = list[tuple[CauseCode, int, tuple[str, ...], bool]]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("causes") / "checkout"
    with planted(folder, SCHEMA, TABLES) as found:
        yield found


@pytest.fixture
def grown(pipe: Planted) -> Iterator[Collection[dict[str, Any]]]:
    """The collection of a table with some rows, whose documents are there."""
    for _ in range(ROWS):
        pipe.execute(INSERT)
    renew(pipe)
    yield pipe.client[pipe.endpoints.mongodb_database]["grown"]
    pipe.execute("DELETE FROM grown")
    pipe.settled()


def renew(pipe: Planted) -> None:
    """Let an event of every row come, with its columns as they are now."""
    pipe.execute("UPDATE grown SET n = n")
    pipe.settled()
    assert pipe.check(pipe.checker.begin()).findings == ()


def finding_of(pipe: Planted, kind: FindingKind) -> Finding:
    integrity = pipe.check(pipe.checker.begin())
    assert integrity.drained, integrity.drain
    assert exit_code_of(integrity) is ExitCode.FAIL
    (finding,) = (each for each in integrity.findings if each.table == "public.grown")
    assert finding.kind is kind
    return finding


def causes(finding: Finding) -> Causes:
    return [(x.code, x.count, x.columns, x.likely) for x in finding.causes]


CHANGES: Mapping[str, tuple[str, FindingKind, CauseCode, tuple[str, ...], bool]] = {
    "a constant default": (
        "ALTER TABLE grown ADD COLUMN c text DEFAULT 'x'",
        *(FindingKind.CONTENT, CauseCode.ADDED_COLUMN, ("c",), False),
    ),
    "a volatile default, which rewrites the table": (
        "ALTER TABLE grown ADD COLUMN d uuid DEFAULT gen_random_uuid()",
        *(FindingKind.STALE, CauseCode.ADDED_COLUMN, ("d",), False),
    ),
    "a column is dropped": (
        "ALTER TABLE grown DROP COLUMN a",
        *(FindingKind.CONTENT, CauseCode.DROPPED_COLUMN, ("a",), True),
    ),
    "a column is renamed": (
        "ALTER TABLE grown RENAME COLUMN b TO bb",
        *(FindingKind.CONTENT, CauseCode.RENAMED_COLUMN, ("b", "bb"), False),
    ),
    "a column gets another type": (
        "ALTER TABLE grown ALTER n DROP DEFAULT, ALTER n TYPE text USING n::text || '!'",
        *(FindingKind.STALE, CauseCode.REWRITTEN_COLUMN, ("n",), False),
    ),
}


@pytest.mark.parametrize(
    ("statement", "kind", "code", "columns", "likely"), CHANGES.values(), ids=CHANGES.keys()
)
@pytest.mark.usefixtures("grown")
def test_a_change_of_the_columns_is_named_until_the_rows_have_new_events(
    pipe: Planted,
    statement: str,
    kind: FindingKind,
    code: CauseCode,
    columns: tuple[str, ...],
    *,
    likely: bool,
) -> None:
    pipe.execute(statement)
    finding = finding_of(pipe, kind)
    assert (finding.count, causes(finding)) == (ROWS, [(code, ROWS, columns, likely)])
    renew(pipe)


def test_a_loss_among_rows_with_a_known_cause_is_shown_first(
    pipe: Planted, grown: Collection[dict[str, Any]]
) -> None:
    pipe.execute("ALTER TABLE grown ADD COLUMN e text DEFAULT 'x'")
    # The last in the order of `_id`, which would be shown last.
    (last,) = grown.find(LIVE).sort("_id", -1).limit(1)
    grown.update_one({"_id": last["_id"]}, {"$set": {"n": "altered by hand"}})
    finding = finding_of(pipe, FindingKind.CONTENT)
    assert finding.count == ROWS
    assert causes(finding) == [(CauseCode.ADDED_COLUMN, ROWS - 1, ("e",), False)]
    assert finding.samples[0].id == last["_id"]
    renew(pipe)


def test_a_truncate_is_named_and_deletes_that_were_lost_are_not_taken_for_one(
    pipe: Planted, grown: Collection[dict[str, Any]]
) -> None:
    pipe.execute("TRUNCATE grown")
    finding = finding_of(pipe, FindingKind.EXTRA)
    assert causes(finding) == [(CauseCode.TRUNCATED, ROWS, (), True)]
    # Rows that come afterwards change nothing of that.
    pipe.execute(INSERT)
    pipe.settled()
    finding = finding_of(pipe, FindingKind.EXTRA)
    assert causes(finding) == [(CauseCode.TRUNCATED, ROWS, (), True)]
    grown.delete_many(LIVE)
    renew(pipe)
    # The storage is still another one than the table was created with, and all rows are gone.
    pipe.execute("ALTER PUBLICATION cdc_publication SET (publish = 'insert, update')")
    pipe.execute("DELETE FROM grown")
    pipe.execute("ALTER PUBLICATION cdc_publication SET (publish = 'insert, update, delete')")
    finding = finding_of(pipe, FindingKind.EXTRA)
    assert (finding.count, causes(finding)) == (1, [])
    grown.delete_many(LIVE)


def test_a_dead_letter_that_is_sent_again_after_a_kill_is_counted_once(pipe: Planted) -> None:
    """The second of two cannot be delivered, so the first is, and nothing is committed."""
    topic = pipe.pipeline.kafka.dead_letter_topic
    admin = AdminClient({"bootstrap.servers": pipe.endpoints.kafka_bootstrap})
    # In partitions of their own they do not share the fate of a batch.
    for answer in admin.create_partitions([NewPartitions(topic, 2)]).values():
        answer.result(timeout=10)
    small = key_of("small", 0)
    # Too large for the topic, and a key is never left out.
    large = key_of("x" * 5000, 1)
    begins = pipe.settled()
    already = end_of(pipe, topic)
    set_largest_message(pipe, 1000)
    # They are there before it starts, so that it takes both in one batch.
    pipe.supervisor.stop_program("consumer")
    pipe.produce(small, b"{")
    pipe.produce(large, b"{")
    pipe.supervisor.start_program("consumer")
    wait_for_end(pipe, topic, already + 1)
    # supervisord starts it again.
    os.kill(pipe.supervisor.processes()["consumer"]["pid"], signal.SIGKILL)
    wait_for_end(pipe, topic, already + 2)
    set_largest_message(pipe, 20 * 1024 * 1024)
    integrity = wait_until(lambda: drained(pipe, begins), what="the consumer", deadline_seconds=60)
    assert end_of(pipe, topic) == already + 3
    (letters,) = (x for x in integrity.findings if x.kind is FindingKind.DEAD_LETTER)
    assert letters.count == 2
    assert len({sample.id for sample in letters.samples}) == 2


def key_of(name: str, partition: int) -> bytes:
    """Return a key that librdkafka puts into that one of two partitions, by its CRC-32."""
    keys = (f'{{"id":"{name}{number}"}}'.encode() for number in range(100))
    return next(key for key in keys if zlib.crc32(key) % 2 == partition)


def drained(pipe: Planted, begins: Mapping[tuple[str, int], int]) -> Integrity:
    integrity = pipe.check(begins)
    if not integrity.drained:
        raise NotReady(str(integrity.drain))
    return integrity


def set_largest_message(pipe: Planted, size: int) -> None:
    admin = AdminClient({"bootstrap.servers": pipe.endpoints.kafka_bootstrap})
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    topic = pipe.pipeline.kafka.dead_letter_topic
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for answer in admin.incremental_alter_configs([resource]).values():
        answer.result(timeout=10)


def end_of(pipe: Planted, topic: str) -> int:
    """Return how many records a topic was given, in both of its partitions."""
    settings = {"bootstrap.servers": pipe.endpoints.kafka_bootstrap, "group.id": "ends"}
    consumer = Consumer(settings)
    try:
        ends = (
            consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            for number in range(2)
        )
        return sum(ends)
    finally:
        consumer.close()


def wait_for_end(pipe: Planted, topic: str, least: int) -> None:
    def probe() -> None:
        found = end_of(pipe, topic)
        if found < least:
            raise NotReady(f"{topic} ends at {found}, not at {least}")

    wait_until(probe, what=topic, deadline_seconds=60, interval_seconds=0.2)
