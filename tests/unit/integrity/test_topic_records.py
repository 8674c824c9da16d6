"""Reading a window of the topics: which records, where it ends, and a broker that fails."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import ConfigResource

from cdc_perf.errors import StackFailure
from cdc_perf.integrity import topic as module
from cdc_perf.integrity.records import Cut
from cdc_perf.integrity.topic import Topics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import topic_windows
from cdc_perf.stack.change_events import ChangeEvent, DeadLetter

PIPELINE = load_pipeline(Checkout.here())
TOPICS = [PIPELINE.topic(table) for table in PIPELINE.tables]
TOPIC, LETTERS = TOPICS[0], PIPELINE.kafka.dead_letter_topic
GONE = KafkaException(KafkaError(KafkaError._TRANSPORT, "connection refused"))  # noqa: SLF001 - a public code


def record(offset: int, topic: str = TOPIC) -> Message:
    value = b'{"__op":"c","__source_lsn":7}'
    return Message(topic=topic, partition=0, offset=offset, key=b'{"id":"a"}', value=value)


@dataclass
class FakeBroker:
    """A broker whose topics have one partition each.

    Attributes:
        marks: The first offset and the end of each topic; other topics are empty.
        records: The records of each topic.
        missing: A topic that does not exist.
        error: Raised by the first request.
        policy: `cleanup.policy` of every topic, or an error.
        settings: The settings of each consumer that was created.
        admin_settings: The settings of each admin client that was created.
        assigned: The offsets that were read from.
        closed: The number of closed consumers.
    """

    marks: dict[str, tuple[int, int]] = field(default_factory=dict)
    records: dict[str, Sequence[Message]] = field(default_factory=dict)
    missing: str = ""
    error: KafkaException | None = None
    policy: str | KafkaException = "delete"
    settings: list[Mapping[str, object]] = field(default_factory=list)
    admin_settings: list[Mapping[str, object]] = field(default_factory=list)
    assigned: dict[str, int] = field(default_factory=dict)
    closed: int = 0

    def consumer(self, settings: Mapping[str, object]) -> "FakeConsumer":
        self.settings.append(settings)
        return FakeConsumer(self)

    def admin(self, settings: Mapping[str, object]) -> "FakeBroker":
        self.admin_settings.append(settings)
        return self

    def describe_configs(
        self, resources: Sequence[ConfigResource], **_options: object
    ) -> dict[ConfigResource, object]:
        return {resource: SimpleNamespace(result=self._config) for resource in resources}

    def _config(self) -> dict[str, object]:
        if isinstance(self.policy, KafkaException):
            raise self.policy
        return {"cleanup.policy": SimpleNamespace(value=self.policy)} if self.policy else {}


class FakeConsumer:
    """A consumer that gives one record per call, so that every position is seen."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self._queue: deque[Message] = deque()
        self._positions: dict[str, int] = {}

    def list_topics(self, **_options: object) -> SimpleNamespace:
        if self._broker.error is not None:
            raise self._broker.error
        names = {*TOPICS, LETTERS} - {self._broker.missing}
        return SimpleNamespace(topics={x: SimpleNamespace(partitions={0: None}) for x in names})

    def get_watermark_offsets(self, partition: TopicPartition, **_options: object) -> object:
        return self._broker.marks.get(partition.topic, (0, 0))

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        for each in partitions:
            self._broker.assigned[each.topic] = each.offset
            self._positions[each.topic] = each.offset
            records = self._broker.records.get(each.topic, ())
            self._queue.extend(x for x in records if (x.offset() or 0) >= each.offset)

    def consume(self, count: int, **_options: object) -> list[Message]:
        assert count > 0
        if not self._queue:
            # What is left of a window are markers of transactions, which no consumer sees.
            for name in self._positions:
                if name in self._broker.records:
                    self._positions[name] = self._broker.marks[name][1]
            return []
        message = self._queue.popleft()
        self._positions[str(message.topic())] = (message.offset() or 0) + 1
        return [message]

    def position(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        return [TopicPartition(x.topic, x.partition, self._positions[x.topic]) for x in partitions]

    def close(self) -> None:
        self._broker.closed += 1


Broker = Callable[..., FakeBroker]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    def made(**parts: Any) -> FakeBroker:  # noqa: ANN401 - the fields of FakeBroker
        found = FakeBroker(**parts)
        monkeypatch.setattr(topic_windows, "Consumer", found.consumer)
        monkeypatch.setattr(module, "AdminClient", found.admin)
        return found

    return made


def topics(**client: str) -> Topics:
    return Topics("127.0.0.1:9", PIPELINE, client)


def test_the_ends_of_all_topics_and_of_the_dead_letter_queue(broker: Broker) -> None:
    known = broker(marks={TOPIC: (3, 8), LETTERS: (0, 2)})
    expected = {(name, 0): 0 for name in TOPICS} | {(TOPIC, 0): 8, (LETTERS, 0): 2}
    assert topics().ends() == expected
    assert known.closed == 1
    # Nothing is ever committed.
    assert [each["enable.auto.commit"] for each in known.settings] == [False]


def test_the_records_from_the_start_of_the_window_to_the_end(broker: Broker) -> None:
    known = broker(
        marks={TOPIC: (0, 6), LETTERS: (0, 1)},
        # Records 6 and later were written after the ends were read.
        records={TOPIC: [record(x) for x in range(9)], LETTERS: [record(0, LETTERS)]},
    )
    records = topics().read({(TOPIC, 0): 4, (LETTERS, 0): 0})
    found = list(records)
    positions = [(x.topic, x.position) for x in found if isinstance(x, ChangeEvent)]
    assert positions == [(TOPIC, 4), (TOPIC, 5)]
    assert [x.position for x in found if isinstance(x, DeadLetter)] == [0]
    assert known.assigned == {TOPIC: 4, LETTERS: 0}
    assert records.cuts() == ()
    assert known.closed == 1


def test_a_window_that_retention_has_cut_is_read_from_the_first_record_left(
    broker: Broker,
) -> None:
    known = broker(marks={TOPIC: (4, 6)}, records={TOPIC: [record(4), record(5)]})
    records = topics().read({(TOPIC, 0): 1})
    assert len(list(records)) == 2
    assert known.assigned == {TOPIC: 4}
    assert [(x.topic, x.partition, x.why, x.offsets) for x in records.cuts()] == [
        (TOPIC, 0, Cut.RETENTION, 3)
    ]


@pytest.mark.parametrize(
    ("policy", "cut"),
    [
        ("delete", False),
        ("compact", True),
        ("compact,delete", True),
        # Unknown: a loss must not be reported by mistake.
        ("", True),
        (GONE, True),
    ],
)
def test_a_gap_at_the_end_is_a_cut_if_the_topic_may_be_compacted(
    broker: Broker, policy: str | KafkaException, *, cut: bool
) -> None:
    broker(marks={TOPIC: (0, 3)}, records={TOPIC: [record(0), record(1)]}, policy=policy)
    records = topics().read({(TOPIC, 0): 0})
    assert [each.position for each in records] == [0, 1]
    expected = [(Cut.COMPACTION, 1)] if cut else []
    assert [(each.why, each.offsets) for each in records.cuts()] == expected


def test_a_topic_that_does_not_exist_yet_is_read_from_its_first_record(broker: Broker) -> None:
    known = broker(missing=LETTERS, marks={TOPIC: (0, 1), LETTERS: (0, 2)})
    begins = topics().ends()
    assert begins == {(name, 0): 0 for name in TOPICS} | {(TOPIC, 0): 1}
    known.missing = ""
    known.records = {LETTERS: [record(0, LETTERS), record(1, LETTERS)]}
    assert [type(x) for x in topics().read(begins)] == [DeadLetter, DeadLetter]


def test_a_pipeline_may_have_no_dead_letter_topic(broker: Broker) -> None:
    broker(missing=LETTERS, marks={TOPIC: (0, 2)}, records={TOPIC: [record(0), record(1)]})
    kafka = msgspec.structs.replace(PIPELINE.kafka, dead_letter_topic="")
    without = Topics("127.0.0.1:9", msgspec.structs.replace(PIPELINE, kafka=kafka))
    assert without.ends() == {(name, 0): 0 for name in TOPICS} | {(TOPIC, 0): 2}
    assert [type(x) for x in without.read({(TOPIC, 0): 0})] == [ChangeEvent, ChangeEvent]


def test_every_client_has_the_settings_of_the_pipeline(broker: Broker) -> None:
    known = broker(marks={TOPIC: (0, 3)}, records={TOPIC: [record(0)]})
    login = {"security.protocol": "SASL_SSL", "sasl.username": "cdc", "group.id": "allowed"}
    # What would write to the broker, or read another one, stays as it is.
    login |= {"enable.auto.commit": "true", "bootstrap.servers": "127.0.0.1:8"}
    records = topics(**login).read({(TOPIC, 0): 0})
    assert len(list(records)) == 1
    assert records.cuts() == ()
    ours = {"bootstrap.servers": "127.0.0.1:9"}
    (consumer,), (admin,) = known.settings, known.admin_settings
    assert {**login, **ours, "enable.auto.commit": False}.items() <= consumer.items()
    assert {**login, **ours}.items() <= admin.items()
    # Without a limit, librdkafka holds 64 MB of each partition.
    assert consumer["queued.max.messages.kbytes"] == "8192"


@pytest.mark.parametrize(
    ("client", "named"),
    [
        ({"sasl.pasword": "hunter2", "sasl.username": "cdc"}, "sasl.pasword"),
        ({"security.protocol": "hunter2"}, "security.protocol"),
        ({"ssl.ca.location": "/hunter2", "security.protocol": "SSL"}, "ssl.ca.location"),
        # Its text does not name the setting.
        (
            {"sasl.mechanism": "hunter2", "security.protocol": "SASL_SSL"},
            "sasl.mechanism, security.protocol",
        ),
    ],
)
def test_a_wrong_client_setting_is_one_line_without_values(
    client: dict[str, str], named: str
) -> None:
    # The real client: only it knows its settings. It connects to nothing before it refuses them.
    with pytest.raises(StackFailure) as caught:
        topics(**client).ends()
    assert caught.value.message == f"the Kafka client does not accept {named}"


def test_a_broker_that_does_not_answer(broker: Broker) -> None:
    known = broker(error=GONE)
    with pytest.raises(StackFailure, match="connection refused"):
        topics().ends()
    with pytest.raises(StackFailure, match="connection refused"):
        list(topics().read({}))
    assert known.closed == 2


def test_an_error_in_place_of_a_record(broker: Broker) -> None:
    broken = Message(topic=TOPIC, partition=0, error=GONE.args[0])
    broker(marks={TOPIC: (0, 3)}, records={TOPIC: [record(0), broken]})
    with pytest.raises(StackFailure, match="connection refused"):
        list(topics().read({(TOPIC, 0): 0}))


class SlowClock:
    """A clock that advances by six seconds at each look."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 6.0
        return self._now


def test_a_broker_that_does_not_deliver_the_rest(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_windows, "time", SlowClock())
    # The marks promise records that never arrive.
    broker(marks={TOPIC: (0, 3)})
    with pytest.raises(StackFailure, match=f"no records of {TOPIC}"):
        list(topics().read({(TOPIC, 0): 0}))


def test_a_slow_broker_is_waited_for(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_windows, "time", SlowClock())
    broker(marks={TOPIC: (0, 5)}, records={TOPIC: [record(x) for x in range(5)]})
    assert len(list(topics().read({(TOPIC, 0): 0}))) == 5
