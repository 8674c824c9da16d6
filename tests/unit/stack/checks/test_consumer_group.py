from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.broker import GroupState
from cdc_perf.stack.checks.consumer_group import expect_reader
from cdc_perf.stack.topic_windows import Windows
from cdc_perf.waiting import NotReady

GROUP, TOPIC = "cdc-consumer", "cdc.public.customer"
WRITTEN: Windows = {(TOPIC, 0): (0, 0), (TOPIC, 1): (7, 7)}
EMPTY: Windows = {(TOPIC, 0): (0, 0)}
READS = GroupState(frozenset((TOPIC, "more")))


@dataclass
class Groups:
    """Groups with members, by name, and the names of those that committed an offset.

    Those that start with `closed` may not be asked about.
    """

    states: Mapping[str, GroupState] = field(default_factory=dict)
    committed: Sequence[str] = ()
    asked: list[str] = field(default_factory=list)

    def has_committed(self, group: str, windows: Windows) -> bool:
        assert windows
        self.asked.append(group)
        if group.startswith("closed"):
            raise NotReady("Group authorization failed")
        return group in self.committed

    def groups(self) -> list[str]:
        return sorted({*self.states, *self.committed})

    def describe(self, groups: Sequence[str]) -> Mapping[str, GroupState]:
        allowed = [name for name in groups if not name.startswith("closed")]
        return {name: self.states.get(name, GroupState()) for name in allowed}


@pytest.mark.parametrize(
    "groups",
    [
        Groups(committed=(GROUP,)),
        Groups({GROUP: READS}),
        # During a rebalance nothing is assigned.
        Groups({GROUP: GroupState(settled=False)}),
    ],
)
def test_a_group_that_reads_a_topic_or_may_do_so_is_no_fault(
    pipeline: Pipeline, groups: Groups
) -> None:
    assert expect_reader(pipeline, groups, WRITTEN) == ()


@pytest.mark.parametrize(
    "groups",
    [
        Groups({"right": READS, "elsewhere": GroupState(frozenset(("more",)))}, ("idle",)),
        # It exists, and reads something else.
        Groups({GROUP: GroupState(frozenset(("more",))), "right": READS}, ("idle",)),
    ],
)
def test_a_group_that_reads_no_topic_is_refused_with_those_that_do(
    pipeline: Pipeline, groups: Groups
) -> None:
    for windows in (WRITTEN, EMPTY):
        with pytest.raises(StackFailure) as caught:
            expect_reader(pipeline, groups, windows)
        assert caught.value.message == (
            "pipeline.toml: kafka.consumer_group: the group cdc-consumer does not read the topics "
            "of the tables: it has no committed offset and no member there; the groups that do: "
            "right, idle"
        )


def test_a_group_without_a_trace_of_topics_without_events_is_a_warning(
    pipeline: Pipeline,
) -> None:
    (warning,) = expect_reader(pipeline, Groups(), EMPTY)
    assert GROUP in warning
    # Retention has removed the records, but there were some.
    with pytest.raises(StackFailure, match="no other group does either"):
        expect_reader(pipeline, Groups(), WRITTEN)


def test_no_group_is_asked_about_if_none_is_named_or_no_topic_exists(pipeline: Pipeline) -> None:
    groups = Groups()
    kafka = msgspec.structs.replace(pipeline.kafka, consumer_group="")
    assert expect_reader(msgspec.structs.replace(pipeline, kafka=kafka), groups, WRITTEN) == ()
    assert expect_reader(pipeline, groups, {}) == ()
    assert groups.asked == []


def test_a_group_that_may_not_be_asked_about_is_left_out(pipeline: Pipeline) -> None:
    groups = Groups({"closed": READS, "right": READS})
    with pytest.raises(StackFailure, match=r"the groups that do: right\n"):
        expect_reader(pipeline, groups, WRITTEN)
    kafka = msgspec.structs.replace(pipeline.kafka, consumer_group="closed-to-us")
    with pytest.raises(NotReady):
        expect_reader(msgspec.structs.replace(pipeline, kafka=kafka), groups, WRITTEN)


def test_a_large_cluster_is_not_asked_about_every_group(pipeline: Pipeline) -> None:
    groups = Groups({f"group-{number:03}": GroupState() for number in range(300)})
    with pytest.raises(StackFailure):
        expect_reader(pipeline, groups, WRITTEN)
    assert 2 <= len(groups.asked) < 30
