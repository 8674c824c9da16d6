"""The result of a check on a fake stack: findings of each kind, or the reason for none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psycopg
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.integrity import check
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.keys import Keys
from cdc_perf.integrity.records import Cut, Drain, FindingKind, Integrity, Scope, TopicCut
from cdc_perf.integrity.snapshot import TableComparison
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import connector
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.change_events import ChangeEvent
from cdc_perf.stack.sinks.sink import Sink
from cdc_perf.waiting import NotReady
from tests.unit.addresses import NO_ADDRESSES

PIPELINE = load_pipeline(Checkout.here())
TABLE, TOPIC = "public.customer", "cdc.public.customer"
BEGINS: StartOffsets = {(TOPIC, 0): 5}
ENDPOINTS = msgspec.structs.replace(NO_ADDRESSES, mongodb_database="cdc")
LOST = RowDifference(FindingKind.MISSING, TABLE, "a", "7", None)
CREATED = ChangeEvent(TOPIC, 0, 5, "a", "c", 10, 1, 10)
CUT = TopicCut(topic=TOPIC, partition=0, why=Cut.RETENTION, offsets=3)
CHECKER = Checker(PIPELINE, ENDPOINTS)


@dataclass
class FakeStack:
    """A drained stack without writes, unless a test changes one part of it.

    Attributes:
        error: Raised by a query of PostgreSQL's tables.
        differences: The result of a comparison.
        records: The records of the topics.
        cuts: The partitions that lost records.
        rows: The rows of PostgreSQL.
        deployed: The configuration of the deployed connector; None if unknown.
        begins: The offsets that the topics were read from.
        filters: The filters that tables were read with.
        closed: How often the connection for the consumer lag was closed.
        compared: The batches of keys of each table that were compared; None: all rows.
    """

    error: Exception | None = None
    differences: tuple[RowDifference, ...] = ()
    records: tuple[ChangeEvent, ...] = ()
    cuts: tuple[TopicCut, ...] = ()
    rows: frozenset[str] = frozenset()
    deployed: dict[str, str] | None = None
    begins: list[StartOffsets] = field(default_factory=list)
    filters: list[ConnectorFilter] = field(default_factory=list)
    closed: int = 0
    compared: dict[str, list[Sequence[str]]] | None = None

    def readings(
        self, _connection: object, _pipeline: object, filtered: ConnectorFilter
    ) -> dict[str, object]:
        self.filters.append(filtered)
        if self.error is not None:
            raise self.error
        return {}

    def compare(
        self,
        _dsn: str,
        sink: Sink,
        _pipeline: object,
        filtered: ConnectorFilter,
        keys: Keys | None,
    ) -> TableComparison:
        assert sink.name == "MongoDB"
        if keys is not None:
            self.compared = {name: list(keys.of(name).batches()) for name in keys.tables()}
        self.readings(None, None, filtered)
        return TableComparison((), self.differences)

    def read(self, begins: StartOffsets) -> "FakeRecords":
        self.begins.append(begins)
        return FakeRecords(self)

    def close(self) -> None:
        self.closed += 1


class FakeRecords:
    def __init__(self, stack: FakeStack) -> None:
        self._stack = stack

    def __iter__(self) -> Iterator[ChangeEvent]:
        return iter(self._stack.records)

    def cuts(self) -> tuple[TopicCut, ...]:
        return self._stack.cuts


@contextmanager
def connected(*_arguments: object, **_options: object) -> Iterator[None]:
    yield None


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    found = FakeStack()
    lag = SimpleNamespace(close=found.close, committed=lambda: {(TOPIC, 0): 6})
    steps = {"sentinel": lambda: None, "positions": lambda: None}
    drained = SimpleNamespace(**steps, given_up=False, result=lambda: Drain(seconds=0.5))
    topics = SimpleNamespace(read=found.read, ends=lambda: BEGINS)
    lookup = SimpleNamespace(
        has=lambda _table, key: key in found.rows, must_arrive=lambda *_row: True
    )
    fakes = {"ConsumerLag": lag, "Draining": drained, "Topics": topics, "RowLookup": lookup}
    for name, fake in fakes.items():
        monkeypatch.setattr(check, name, lambda *_arguments, fake=fake: fake)
    monkeypatch.setattr(check, "readings", found.readings)
    monkeypatch.setattr(check, "compare", found.compare)
    documents = SimpleNamespace(open=lambda: nullcontext(SimpleNamespace(database={})))
    monkeypatch.setattr(check, "MongodbTarget", lambda *_address: documents)
    monkeypatch.setattr(psycopg, "connect", connected)
    monkeypatch.setattr(check, "limit_statements", lambda *_arguments: None)
    monkeypatch.setattr(connector, "deployed_config", lambda *_arguments: found.deployed)
    return found


def kinds(found: Integrity) -> list[tuple[FindingKind, str, int]]:
    return [(each.kind, each.table, each.count) for each in found.findings]


def ledger(folder: Path, *lines: str) -> Path:
    path = folder / "ledger.tsv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


FAILURES = pytest.mark.parametrize(
    ("error", "reason"),
    [
        (psycopg.OperationalError("refused\nIs it up?"), "PostgreSQL: refused"),
        (NotReady("MongoDB: timed out"), "MongoDB: timed out"),
        (NotReady("the broker is away"), "the broker is away"),
        (StackFailure("there is no topic t"), "there is no topic t"),
    ],
    ids=["PostgreSQL", "MongoDB", "Kafka", "topic"],
)


@FAILURES
def test_a_component_that_does_not_answer_is_why_nothing_was_checked(
    stack: FakeStack, error: Exception, reason: str
) -> None:
    stack.error = error
    found = CHECKER.check(BEGINS)
    assert (found.unchecked, found.findings, found.tables) == (reason, (), ())
    assert found.drain == Drain(seconds=0.5)
    assert stack.closed == 1


@FAILURES
def test_a_load_does_not_begin_if_a_component_does_not_answer(
    stack: FakeStack, error: Exception, reason: str
) -> None:
    stack.error = error
    with pytest.raises(StackFailure) as raised:
        CHECKER.begin()
    assert raised.value.message == reason


def test_the_window_begins_at_the_ends_of_the_topics(stack: FakeStack) -> None:
    assert CHECKER.begin() == BEGINS
    assert len(stack.filters) == 1
    CHECKER.check(BEGINS)
    assert stack.begins == [BEGINS]


def test_the_filters_are_those_of_the_deployed_connector(stack: FakeStack) -> None:
    CHECKER.begin()
    stack.deployed = {"column.exclude.list": "public.customer.email"}
    CHECKER.begin()
    unknown, deployed = stack.filters
    assert unknown == ConnectorFilter.of(PIPELINE.connector.config)
    assert deployed.excludes("public.customer.email")


def test_nothing_is_wrong(stack: FakeStack, tmp_path: Path) -> None:
    stack.records = (CREATED,)
    found = CHECKER.check(BEGINS, ledger(tmp_path, f"c\t{TABLE}\ta"))
    assert (found.findings, found.cuts, found.unchecked) == ((), (), "")
    assert found.acknowledged == {"c": 1}
    assert [(each.topic, each.events) for each in found.topics] == [(TOPIC, 1)]
    assert stack.closed == 1


@pytest.mark.parametrize("name", [None, "ledger.tsv"])
def test_without_a_ledger_no_write_is_acknowledged(
    stack: FakeStack, tmp_path: Path, name: str | None
) -> None:
    found = CHECKER.check(BEGINS, tmp_path / name if name else None)
    assert (found.acknowledged, found.unchecked, stack.closed) == (None, "", 1)


def test_an_empty_ledger_is_a_ledger(stack: FakeStack, tmp_path: Path) -> None:
    found = CHECKER.check(BEGINS, ledger(tmp_path))
    assert (found.acknowledged, stack.closed) == ({}, 1)


def test_a_row_without_a_document(stack: FakeStack) -> None:
    stack.differences = (LOST,)
    stack.records = (CREATED,)
    found = CHECKER.check(BEGINS)
    assert kinds(found) == [(FindingKind.MISSING, TABLE, 1)]
    # The group has committed the record's offset, 5.
    assert found.findings[0].samples[0].last_seen == "consumer"


@pytest.mark.parametrize(
    ("rows", "kind"),
    [(frozenset("a"), FindingKind.EVENT_MISSING), (frozenset(), FindingKind.VANISHED)],
)
def test_an_acknowledged_write_without_an_event(
    stack: FakeStack, tmp_path: Path, rows: frozenset[str], kind: FindingKind
) -> None:
    stack.rows = rows
    found = CHECKER.check(BEGINS, ledger(tmp_path, f"c\t{TABLE}\ta"))
    assert kinds(found) == [(kind, TABLE, 1)]


def test_no_event_is_missing_from_a_topic_that_lost_records(
    stack: FakeStack, tmp_path: Path
) -> None:
    stack.cuts = (CUT,)
    found = CHECKER.check(BEGINS, ledger(tmp_path, f"c\t{TABLE}\ta"))
    assert (found.findings, found.cuts) == ((), (CUT,))


def test_repeated_events_keep_their_excuse(stack: FakeStack) -> None:
    again = ChangeEvent(TOPIC, 0, 6, "a", "c", 10, 1, 10)
    stack.records = (CREATED, again)
    found = CHECKER.check(BEGINS, excused="kafka restarted")
    assert kinds(found) == [(FindingKind.DUPLICATE, TABLE, 1)]
    assert found.findings[0].excused == "kafka restarted"


def scoped(scope: Scope) -> Checker:
    return Checker(PIPELINE, ENDPOINTS, scope=scope)


def test_all_rows_are_compared_by_default(stack: FakeStack, tmp_path: Path) -> None:
    found = CHECKER.check(BEGINS, ledger(tmp_path, f"c\t{TABLE}\ta"))
    assert (found.scope, stack.compared) == (Scope.ALL, None)


def test_a_run_compares_the_rows_of_its_ledger_each_once(stack: FakeStack, tmp_path: Path) -> None:
    stack.records = (CREATED,)
    lines = [f"c\t{TABLE}\tb", f"u\t{TABLE}\tb", f"d\t{TABLE}\ta", "c\tpublic.orders\t1"]
    found = scoped(Scope.RUN).check(BEGINS, ledger(tmp_path, *lines))
    assert found.scope is Scope.RUN
    assert stack.compared == {TABLE: [["a", "b"]], "public.orders": [["1"]]}


@pytest.mark.parametrize("name", [None, "ledger.tsv", "no ledger"])
def test_a_run_without_noted_writes_compares_the_rows_of_its_events(
    stack: FakeStack, tmp_path: Path, name: str | None
) -> None:
    ledger(tmp_path)
    stack.records = (CREATED, ChangeEvent(TOPIC, 0, 6, None, "?", None, None))
    found = scoped(Scope.RUN).check(BEGINS, tmp_path / name if name else None)
    assert (found.scope, stack.compared) == (Scope.TOPICS, {TABLE: [["a"]]})
    # Once for the keys, once after the comparison.
    assert stack.begins == [BEGINS, BEGINS]


def test_the_topics_are_read_from_their_beginning_for_all_of_their_rows(stack: FakeStack) -> None:
    stack.records = (CREATED,)
    assert scoped(Scope.TOPICS).check({}).scope is Scope.TOPICS
    assert stack.compared == {TABLE: [["a"]]}
