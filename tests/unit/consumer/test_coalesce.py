import functools

import pytest

from cdc_consumer.coalesce import coalesce
from cdc_consumer.events import Event
from tests.unit.consumer.builders import event

partial = functools.partial(event, op="u", whole=False)


@pytest.mark.parametrize(
    ("events", "fields", "replaces"),
    [
        pytest.param([event(1, "c", s=1)], {"s": 1}, True, id="one"),
        pytest.param([event(1, "c", s=1), event(2, s=2)], {"s": 2}, True, id="update"),
        pytest.param([partial(1, s=1)], {"s": 1}, False, id="partial update alone"),
        pytest.param(
            [event(1, "c", s=1, note="n"), partial(2, s=2)],
            {"s": 2, "note": "n"},
            True,
            id="partial update of a whole row in the batch",
        ),
        pytest.param(
            [partial(1, s=1, a=1), partial(2, s=2, b=2)],
            {"s": 2, "a": 1, "b": 2},
            False,
            id="partial updates add up",
        ),
        pytest.param([partial(1, s=1), event(2, t=2)], {"t": 2}, True, id="whole row starts anew"),
        pytest.param([event(1, "c", s=1), event(2, "d")], {}, True, id="delete"),
        pytest.param(
            [event(1, "c", s=1, old=1), event(2, "d"), event(3, "c", s=3)],
            {"s": 3},
            True,
            id="delete, then insert: nothing of the earlier life",
        ),
        pytest.param(
            [event(1, "c", s=1, note="n"), event(2, "c", whole=False, s=2)],
            {"s": 2},
            True,
            id="a new row starts anew, even where it lacks a column",
        ),
        pytest.param([event(1, "r", s=1)], {"s": 1}, True, id="snapshot"),
    ],
)
def test_the_events_of_a_row_become_one_write(
    events: list[Event], fields: dict[str, object], *, replaces: bool
) -> None:
    found = coalesce(events)
    (write,) = found.writes
    assert (write.fields, write.replaces) == (fields, replaces)
    assert write.last is events[-1]
    assert write.events == tuple(events)
    assert found.stale == ()


@pytest.mark.parametrize(
    ("lsns", "taken", "stale"),
    [
        pytest.param([1, 2, 3], [1, 2, 3], [], id="in order"),
        pytest.param([1, 1], [1], [1], id="the same again"),
        pytest.param([1, 2, 1, 2, 3], [1, 2, 3], [1, 2], id="a replay, then news"),
        pytest.param([3, 1, 2], [3], [1, 2], id="a replay of older ones"),
    ],
)
def test_a_replay_within_a_batch_is_stale(
    lsns: list[int], taken: list[int], stale: list[int]
) -> None:
    found = coalesce([event(lsn, s=lsn) for lsn in lsns])
    (write,) = found.writes
    assert [item.lsn for item in write.events] == taken
    assert [item.lsn for item in found.stale] == stale
    assert write.fields == {"s": taken[-1]}


def test_each_row_has_a_write_of_its_own_and_rows_do_not_mix() -> None:
    found = coalesce([event(5, id="a", s=1), event(1, id="b", s=2), event(6, id="a", s=3)])
    assert [(write.last.id, write.fields) for write in found.writes] == [
        ("a", {"s": 3}),
        ("b", {"s": 2}),
    ]
    assert found.stale == ()


def test_merging_leaves_the_events_as_they_were() -> None:
    first = event(1, "c", s=1)
    coalesce([first, partial(2, s=2)])
    assert first.fields == {"s": 1}
