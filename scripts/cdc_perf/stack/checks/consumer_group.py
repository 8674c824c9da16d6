"""Checks that the consumer group reads the pipeline's topics."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.broker import GroupState
from cdc_perf.stack.topic_windows import Windows
from cdc_perf.waiting import NotReady

_PLACE = "pipeline.toml: kafka.consumer_group"
# Of a cluster with more groups, only so many are asked for the hint: each costs a connection.
_MOST_ASKED = 20
_MOST_LISTED = 5


class Groups(Protocol):
    """The questions about consumer groups, as `Broker` answers them."""

    def has_committed(self, group: str, windows: Windows) -> bool:
        """Return whether a group has committed an offset of one of the partitions."""

    def groups(self) -> list[str]:
        """Return the names of all groups."""

    def describe(self, groups: Sequence[str]) -> Mapping[str, GroupState]:
        """Return what groups read, without those about which the broker does not answer."""


def expect_reader(pipeline: Pipeline, broker: Groups, windows: Windows) -> tuple[str, ...]:
    """Return warnings about the consumer group, if the pipeline names one.

    A group reads the topics if it has committed an offset of theirs, or if they are assigned to its
    members: a consumer may commit rarely. Where no record was ever written, a consumer that is no
    member of its group leaves no trace.

    Args:
        pipeline: The pipeline.
        broker: The broker.
        windows: The offsets of its topics that exist.

    Raises:
        NotReady: The broker does not answer, or does not allow the questions.
        StackFailure: The group does not read the topics.
    """
    group = pipeline.consumer_group
    if not group or not windows or broker.has_committed(group, windows):
        return ()
    topics = {topic for topic, _ in windows}
    state = broker.describe([group]).get(group)
    if state is None or state.topics & topics or not state.settled:
        return ()
    others = _readers(broker, windows, topics, group)
    what = f"{_PLACE}: the group {group} does not read the topics of the tables"
    if not others and all(end == 0 for _, end in windows.values()):
        return (
            f"warning: {what}; no event was ever sent; remedy: start the consumer if it stopped",
        )
    known = f"the groups that do: {', '.join(others)}" if others else "no other group does either"
    raise SettingFailure(
        f"{what}: it has no committed offset and no member there; {known}",
        hint="use the group of your consumer (of a sink connector: connect-NAME), or remove the "
        "setting if the consumer keeps its offsets elsewhere",
    )


def _readers(broker: Groups, windows: Windows, topics: set[str], wrong: str) -> list[str]:
    """Return other groups that read the topics, the running ones first."""
    names = [name for name in broker.groups() if name != wrong][:_MOST_ASKED]
    states = broker.describe(names)
    running = [name for name in names if name in states and states[name].topics & topics]
    idle = [name for name in names if name not in running and _has_read(broker, name, windows)]
    return [*running, *idle][:_MOST_LISTED]


def _has_read(broker: Groups, group: str, windows: Windows) -> bool:
    """Return whether a group has committed an offset; False if the broker does not tell."""
    with suppress(NotReady):
        return broker.has_committed(group, windows)
    return False
