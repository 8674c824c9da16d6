"""Losses planted into the real pipeline: each is found, named, and where it was last seen."""

import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.records import Cut, Finding, FindingKind, LastSeen
from cdc_perf.integrity.snapshot import NO_ID, compare
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.verdict.integrity_gates import exit_code_of
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.integrity_stack import CUSTOMER, Planted, planted
from tests.integration.inv import Inv

pytestmark = pytest.mark.slow

VALUES = """
    INSERT INTO kinds VALUES (
        'ä "quoted" \\ part', %s, true, -7, 70000, 1.1, 0.1, 12.50, 1234567890.00000000001, 'ab',
        'varchar', '0b9c8f3e-0000-4000-8000-000000000000', '{"a": [1, 2 ]}', '{"b": null, "a": 1}',
        '\\x00ff', '2026-11-24', '20:08:40.123456', '20:08:40', '2026-11-24 20:08:40.123456',
        '2026-11-24 20:08:40.123', '2026-11-24 20:08:40.12+01', 'glad', '{a,NULL,"b c"}', '{1,-2}',
        '1 day', '192.0.2.1/24')
"""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    with planted(tmp_path_factory.mktemp("integrity") / "checkout") as found:
        yield found


def only(found: Mapping[FindingKind, Finding], kind: FindingKind, identity: str) -> Finding:
    """Return the one finding, which is of that kind and about that row alone."""
    assert list(found) == [kind]
    finding = found[kind]
    assert (finding.count, [sample.id for sample in finding.samples]) == (1, [identity])
    return finding


def test_rows_of_every_type_and_a_composite_key_are_the_same(pipe: Planted) -> None:
    begins = pipe.checker.begin()
    for number in (1, 2, 10, -3):
        pipe.execute(VALUES, (number,))
    pipe.execute("INSERT INTO kinds (part, number) VALUES ('all null', 1), ('', 0)")
    integrity = pipe.check(begins)
    assert integrity.findings == ()
    (table,) = (each for each in integrity.tables if each.table == "public.kinds")
    assert (table.rows, table.documents, table.not_compared) == (6, 6, ())
    # And the comparison looks at each of them.
    kinds = pipe.client[pipe.endpoints.mongodb_database]["kinds"]
    identity = json.dumps(["all null", 1], separators=(",", ":"))
    good = kinds.find_one({"_id": identity})
    assert good is not None
    for name in good.keys() - {"_id", "_cdc"}:
        kinds.update_one({"_id": identity}, {"$set": {name: ["other"]}})
        differences = compare(
            pipe.endpoints.postgres_dsn,
            sink_of(pipe.pipeline, pipe.endpoints),
            pipe.pipeline,
            ConnectorFilter(),
        ).differences
        assert [(x.id, [y.split()[0] for y in x.columns]) for x in differences] == [
            (identity, [name])
        ]
        kinds.replace_one({"_id": identity}, good)


def test_a_document_that_is_gone(pipe: Planted) -> None:
    begins = pipe.settled()
    identity = pipe.insert()
    pipe.settled()
    pipe.customers.delete_one({"_id": identity})
    finding = only(pipe.found(begins), FindingKind.MISSING, identity)
    assert finding.samples[0].last_seen is LastSeen.CONSUMER
    assert "the consumer committed it" in finding.samples[0].detail
    pipe.update(identity)


def test_a_document_with_other_content(pipe: Planted) -> None:
    begins = pipe.settled()
    identity = pipe.insert()
    pipe.settled()
    pipe.customers.update_one({"_id": identity}, {"$set": {"email": "other@e.test"}})
    finding = only(pipe.found(begins), FindingKind.CONTENT, identity)
    assert finding.samples[0].last_seen is LastSeen.MONGODB
    assert "different content in email" in finding.samples[0].detail
    pipe.update(identity)


def test_a_document_without_a_row(pipe: Planted) -> None:
    begins = pipe.settled()
    identity = str(uuid.uuid4())
    pipe.customers.insert_one({"_id": identity})
    finding = only(pipe.found(begins), FindingKind.EXTRA, identity)
    assert finding.samples[0].last_seen is LastSeen.MONGODB
    pipe.customers.delete_one({"_id": identity})


def test_a_deleted_row_that_lives_again(pipe: Planted) -> None:
    begins = pipe.settled()
    identity = pipe.insert()
    pipe.settled()
    before = pipe.customers.find_one({"_id": identity})
    assert before is not None
    pipe.execute("DELETE FROM customer WHERE id = %s", (identity,))
    pipe.settled()
    pipe.customers.replace_one({"_id": identity}, before)
    finding = only(pipe.found(begins), FindingKind.RESURRECTED, identity)
    assert "its last event, delete" in finding.samples[0].detail
    pipe.customers.delete_one({"_id": identity})


def test_a_consumer_that_skips_events(pipe: Planted) -> None:
    """Its offsets are moved beyond an update and an insert that it has never read."""
    known = pipe.insert()
    begins = pipe.settled()
    pipe.supervisor.stop_program("consumer")
    pipe.update(known)
    lost = pipe.insert()
    ends: dict[tuple[str, int], int] = {}

    def captured() -> None:
        ends.update(pipe.checker.begin())
        if ends[CUSTOMER, 0] < begins[CUSTOMER, 0] + 2:
            raise NotReady("the events are not in the topic")

    wait_until(captured, what="the topic", deadline_seconds=30)
    admin = AdminClient({"bootstrap.servers": pipe.endpoints.kafka_bootstrap})
    moved = [TopicPartition(CUSTOMER, 0, ends[CUSTOMER, 0])]
    group = ConsumerGroupTopicPartitions(pipe.pipeline.kafka.consumer_group, moved)

    def move() -> None:
        try:
            for answer in admin.alter_consumer_group_offsets([group]).values():
                assert all(each.error is None for each in answer.result().topic_partitions)
        except Exception as error:
            raise NotReady(str(error)) from error

    # While the group still has its member, the broker refuses.
    wait_until(move, what="the group", deadline_seconds=30, interval_seconds=0.2)
    pipe.supervisor.start_program("consumer")
    found = pipe.found(begins)
    assert set(found) == {FindingKind.STALE, FindingKind.MISSING}
    assert [x.id for x in found[FindingKind.STALE].samples] == [known]
    assert [x.id for x in found[FindingKind.MISSING].samples] == [lost]
    assert {x.last_seen for each in found.values() for x in each.samples} == {LastSeen.CONSUMER}
    pipe.update(known)
    pipe.update(lost)


def test_an_event_that_is_sent_twice(pipe: Planted) -> None:
    begins = pipe.settled()
    identity = pipe.insert()
    pipe.settled()
    ((key, value),) = (x for x in pipe.records(begins) if x[1]["id"] == identity)
    pipe.produce(key, json.dumps(value).encode())
    integrity = pipe.check(begins)
    (finding,) = integrity.findings
    assert (finding.kind, finding.count, finding.table) == (
        FindingKind.DUPLICATE,
        1,
        "public.customer",
    )
    assert finding.samples[0].id == identity
    assert exit_code_of(integrity) is ExitCode.FAIL
    assert exit_code_of(pipe.check(begins, excused="connect restarted")) is ExitCode.PASS


def test_an_event_that_comes_after_a_later_one(pipe: Planted) -> None:
    begins = pipe.settled()
    identity = pipe.insert()
    pipe.settled()
    pipe.update(identity)
    pipe.settled()
    key, update = [x for x in pipe.records(begins) if x[1]["id"] == identity][-1]
    pipe.produce(key, json.dumps({**update, "__source_lsn": update["__source_lsn"] - 1}).encode())
    only(pipe.found(begins), FindingKind.REORDERED, identity)


def test_a_record_that_is_unreadable(pipe: Planted) -> None:
    begins = pipe.settled()
    pipe.produce(b'{"id":"poison"}', b"{")
    integrity = pipe.check(begins)
    assert {x.kind for x in integrity.findings} == {FindingKind.UNREADABLE, FindingKind.DEAD_LETTER}
    (letter,) = (x for x in integrity.findings if x.kind is FindingKind.DEAD_LETTER)
    assert (letter.table, letter.count) == ("cdc.dead-letter", 1)
    assert letter.samples[0].id == "poison"
    assert letter.samples[0].detail.startswith("invalid-json")
    assert exit_code_of(integrity) is ExitCode.FAIL


def test_writes_that_never_become_events(pipe: Planted, tmp_path: Path) -> None:
    """A table that is taken out of the publication, and a write that PostgreSQL forgot."""
    customer = pipe.insert()
    begins = pipe.settled()
    ledger = tmp_path / "ledger.tsv"
    address, forgotten = str(uuid.uuid4()), str(uuid.uuid4())
    ledger.write_text(f"c\tpublic.address\t{address}\nc\tpublic.customer\t{forgotten}\n")
    insert = "INSERT INTO address VALUES (%s, %s, 'street', 'city', 'code', 'CH')"
    pipe.execute("ALTER PUBLICATION cdc_publication DROP TABLE address")
    pipe.execute(insert, (address, customer))
    pipe.execute("ALTER PUBLICATION cdc_publication ADD TABLE address")
    found = pipe.found(begins, ledger=ledger)
    assert set(found) == {FindingKind.MISSING, FindingKind.EVENT_MISSING, FindingKind.VANISHED}
    for kind in (FindingKind.MISSING, FindingKind.EVENT_MISSING):
        assert (found[kind].table, [x.id for x in found[kind].samples]) == (
            "public.address",
            [address],
        )
        assert found[kind].samples[0].last_seen is LastSeen.POSTGRES
    assert [x.id for x in found[FindingKind.VANISHED].samples] == [forgotten]
    assert found[FindingKind.VANISHED].samples[0].last_seen is LastSeen.K6
    pipe.execute("DELETE FROM address WHERE id = %s", (address,))


def test_a_pipeline_that_does_not_drain(pipe: Planted) -> None:
    begins = pipe.settled()
    pipe.supervisor.stop_program("consumer")
    pipe.insert()
    impatient = Checker(pipe.pipeline, pipe.endpoints, deadline_seconds=2)
    integrity = impatient.check(begins)
    pipe.supervisor.start_program("consumer")
    assert integrity.drain is not None
    sentinel, group = integrity.drain.outstanding
    assert re.fullmatch(r"the row \S+ of public.cdc_perf_canary is not in MongoDB", sentinel)
    assert group == f"consumer group cdc-consumer is 1 event behind in {CUSTOMER}"
    assert exit_code_of(integrity) is ExitCode.FAIL
    # What is found then is the truth of a moment, and never taken for a loss.
    assert pipe.found(begins) == {}


def test_rows_that_are_written_meanwhile_are_not_lost(pipe: Planted) -> None:
    begins = pipe.settled()
    ending = threading.Event()

    def write() -> None:
        with closing(psycopg.connect(pipe.endpoints.postgres_dsn, autocommit=True)) as connection:
            hot = pipe.insert()
            while not ending.wait(0.002):
                key = str(uuid.uuid4())
                connection.execute("INSERT INTO customer (id, email) VALUES (%s, %s)", (key, key))
                connection.execute("UPDATE customer SET status = %s WHERE id = %s", (key, hot))
                connection.execute("DELETE FROM customer WHERE id = %s AND random() < 0.5", (key,))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2):
            assert pipe.found(begins) == {}
    finally:
        ending.set()
        writer.join()


def test_the_command_says_what_it_finds(pipe: Planted) -> None:
    inv = Inv(pipe.checkout)
    identity = pipe.insert()
    pipe.settled()
    pipe.customers.delete_one({"_id": identity})
    completed = inv("integrity")
    # The faults planted before are in the topics for good.
    assert completed.exit_code == ExitCode.FAIL, completed.output
    assert identity in completed.output
    assert completed.output.splitlines()[-1] == "FAIL: exit 10"
    as_json = inv("integrity", "--json")
    assert as_json.exit_code == ExitCode.FAIL
    kinds = {finding["kind"] for finding in json.loads(as_json.output)["findings"]}
    assert {"missing", "duplicate", "dead_letter"} <= kinds
    pipe.update(identity)


def test_a_loss_ends_a_run_with_fail_despite_other_reasons(pipe: Planted) -> None:
    identity = pipe.insert()
    pipe.settled()
    pipe.customers.delete_one({"_id": identity})
    inv = Inv(pipe.checkout)
    # Too short for its percentiles: without the loss it has no data.
    completed = inv("perf", "--scenarios", "baseline", "--duration", "2s")
    assert completed.exit_code == ExitCode.FAIL, completed.output
    run = inv.run_of(completed)
    verdict = json.loads((run / "baseline" / "verdict.json").read_bytes())
    (gate,) = (each for each in verdict["gates"] if each["name"] == "rows")
    assert (gate["ok"], gate["certain"]) == (False, True)
    assert identity in gate["reason"]
    integrity = json.loads((run / "baseline" / "integrity.json").read_bytes())
    assert integrity["findings"][0]["kind"] == "missing"
    assert integrity["acknowledged"]["c"] > 0
    pipe.update(identity)


def test_a_key_that_cannot_be_followed_is_reported_before_the_load(pipe: Planted) -> None:
    pipe.execute("CREATE TABLE odd (at float8 PRIMARY KEY)")
    pipe.execute("ALTER PUBLICATION cdc_publication ADD TABLE odd")
    odd = Table("public.odd", ("at",), "odd")
    stranger = Table("public.stranger", ("id",), "stranger")
    for table, said in ((odd, "key column at has the type"), (stranger, "not publish")):
        other = msgspec.structs.replace(pipe.pipeline, tables=(*pipe.pipeline.tables, table))
        with pytest.raises(StackFailure, match=said):
            Checker(other, pipe.endpoints).begin()
    pipe.execute("ALTER PUBLICATION cdc_publication DROP TABLE odd")


def test_a_topic_that_was_cut_by_retention_is_no_loss(pipe: Planted, tmp_path: Path) -> None:
    begins = pipe.settled()
    written = pipe.insert()
    ends = pipe.settled()
    ledger = tmp_path / "ledger.tsv"
    ledger.write_text(f"c\tpublic.customer\t{written}\n")
    admin = AdminClient({"bootstrap.servers": pipe.endpoints.kafka_bootstrap})
    place = TopicPartition(CUSTOMER, 0, ends[CUSTOMER, 0])
    admin.delete_records([place])[place].result(timeout=20)
    integrity = pipe.checker.check(begins, ledger, quiet=True)
    assert integrity.findings == ()
    (cut,) = integrity.cuts
    assert (cut.topic, cut.partition, cut.why) == (CUSTOMER, 0, Cut.RETENTION)
    assert cut.offsets == ends[CUSTOMER, 0] - begins[CUSTOMER, 0]
    assert exit_code_of(integrity) is ExitCode.NO_DATA
    # The records that came later are there, and the next run is judged by them.
    assert pipe.check(pipe.checker.begin()).cuts == ()


def test_a_row_without_a_key_is_missing_and_no_traceback(pipe: Planted) -> None:
    """A key that lost its constraint after the start, as `inv up` refuses it."""
    begins = pipe.settled()
    for change in (
        "REPLICA IDENTITY FULL",
        "DROP CONSTRAINT kinds_pkey",
        "ALTER number DROP NOT NULL",
        "ALTER part DROP NOT NULL",
    ):
        pipe.execute(f"ALTER TABLE kinds {change}")
    pipe.execute("INSERT INTO kinds (part, number) VALUES ('a', NULL), (NULL, 1)")
    findings = {x.kind: x for x in pipe.check(begins).findings if x.table == "public.kinds"}
    assert findings[FindingKind.MISSING].count == 2
    assert {sample.id for sample in findings[FindingKind.MISSING].samples} == {NO_ID}
    assert findings[FindingKind.UNREADABLE].count == 2
