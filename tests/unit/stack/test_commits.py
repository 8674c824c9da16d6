"""Commits of a reader, found in simulated samples of its positions."""

import random
from collections.abc import Iterator, Sequence

import pytest

from cdc_perf.stack.commits import CommitTracker, Confirmed, Position

RATE = 20
START = 1000


def reader(
    seconds: int, every: int, *, first: int = 0, behind: int = 0, stuck_from: int | None = None
) -> Iterator[tuple[float, Position]]:
    """Yield a sample per second of a reader under load.

    Args:
        seconds: The number of samples.
        every: The seconds between two commits.
        first: The time of the first commit.
        behind: The events that the reader has really not applied.
        stuck_from: The time from which it applies and commits nothing.
    """
    committed = 0
    for second in range(seconds):
        end = RATE * second
        stuck = stuck_from is not None and second >= stuck_from
        if not stuck and second >= first and (second - first) % every == 0:
            committed = max(0, end - behind)
        yield (
            float(START + second),
            Position(end - committed, committed, caught_up=end == committed),
        )


def followed(samples: Iterator[tuple[float, Position]]) -> list[Confirmed]:
    tracker = CommitTracker()
    return [tracker.observe(at, {"0": position}) for at, position in samples]


def confirmed(found: Sequence[Confirmed]) -> dict[int, int]:
    return {second: x.behind for second, x in enumerate(found) if x.behind is not None}


def test_a_commit_each_second_confirms_each_sample() -> None:
    found = followed(reader(120, every=1, behind=3))
    assert found[-1].commit_seconds == 1
    assert confirmed(found) == {0: 0} | dict.fromkeys(range(2, 120), 3) | {1: 3}


@pytest.mark.parametrize("every", [5, 15, 60])
def test_of_a_sawtooth_only_the_low_points_are_confirmed(every: int) -> None:
    found = followed(reader(400, every=every, first=7, behind=3))
    assert found[-1].commit_seconds == every
    low_points = confirmed(found)
    assert low_points.pop(0) == 0
    assert low_points == dict.fromkeys(range(7, 400, every), 3)


def test_a_real_backlog_is_seen_at_the_commits() -> None:
    found = followed(reader(400, every=60, first=7, behind=500))
    assert [x for second, x in confirmed(found).items() if second > 60] == [500] * 6


def test_without_a_commit_the_time_so_far_is_known_and_no_value() -> None:
    samples = ((at, Position(9 + int(at), 5, caught_up=False)) for at in range(50))
    found = followed(samples)
    assert found[-1] == Confirmed(commit_seconds=49, behind=None)
    assert confirmed(found) == {}


def test_a_commit_that_is_overdue_is_not_waited_for() -> None:
    # The load goes on, and nothing is applied from second 130 on.
    found = confirmed(followed(reader(400, every=60, first=7, stuck_from=130)))
    # The last commit is at 127: the next one is overdue after twice 60 s.
    assert [second for second in found if second > 130] == list(range(248, 400))
    assert found[399] == RATE * (399 - 127)


def test_a_reader_that_never_commits_is_stuck_after_two_minutes() -> None:
    samples = ((float(at), Position(9 + at, 5, caught_up=False)) for at in range(200))
    assert min(confirmed(followed(samples))) == 121


def test_the_time_from_the_first_sample_to_the_first_commit_is_no_interval() -> None:
    def samples() -> Iterator[tuple[float, Position]]:
        for second in range(60):
            committed = 5 if second < 2 else 45
            yield float(second), Position(40 + second, committed, caught_up=False)

    found = followed(samples())
    assert confirmed(found) == {2: 42}
    assert found[-1].commit_seconds == 57


def test_an_idle_reader_is_confirmed_and_its_idle_time_no_interval() -> None:
    def samples() -> Iterator[tuple[float, Position]]:
        """One event at 300 s, after a long time without one, and its commit 20 s later."""
        for second in range(400):
            end, committed = int(second >= 300), int(second >= 320)
            yield float(second), Position(end - committed, committed, caught_up=end == committed)

    found = followed(samples())
    assert set(range(400)) - confirmed(found).keys() == set(range(300, 320))
    assert found[-1].commit_seconds == 21


def test_a_stall_of_a_reader_that_commits_often_does_not_make_it_rare() -> None:
    found = followed(
        (at, position)
        for at, position in reader(300, every=1)
        if not START + 100 < at <= START + 109
    )
    assert found[-1].commit_seconds == 1


def test_after_a_pause_of_the_samples_nothing_is_known() -> None:
    tracker = CommitTracker()
    for second in range(10):
        tracker.observe(second, {"0": Position(1, second, caught_up=False)})
    assert tracker.observe(60.0, {"0": Position(7, 99, caught_up=False)}).behind is None
    assert tracker.observe(61.0, {"0": Position(7, 100, caught_up=False)}) == Confirmed(1, 7)


def test_tasks_that_commit_at_different_times_are_confirmed_one_by_one() -> None:
    tracker = CommitTracker()
    found = [
        tracker.observe(at, {"a": a, "b": b})
        for (at, a), (_, b) in zip(
            reader(300, every=60, first=7, behind=3),
            reader(300, every=60, first=37, behind=4),
            strict=True,
        )
    ]
    low_points = confirmed(found)
    assert found[-1].commit_seconds == 60
    assert low_points.pop(0) == 0
    # At second 7 the other one is known as of the first sample, when there was nothing.
    assert low_points.pop(7) == 3
    assert low_points == dict.fromkeys((37, 67, 97, 127, 157, 187, 217, 247, 277), 7)


def test_an_idle_partition_confirms_nothing_about_a_busy_one() -> None:
    tracker = CommitTracker()
    idle = Position(0, 9, caught_up=True)
    found = [
        tracker.observe(at, {"busy": position, "idle": idle})
        for at, position in reader(300, every=60, first=7, behind=3)
    ]
    low_points = confirmed(found)
    assert low_points.pop(0) == 0
    assert low_points == dict.fromkeys(range(7, 300, 60), 3)


def test_an_interval_that_began_idle_is_shorter_and_does_not_count_beside_a_full_one() -> None:
    """A load of 130 s begins 44 s before a commit."""

    def samples() -> Iterator[tuple[float, Position]]:
        committed = 0
        for second in range(130):
            end = RATE * max(0, second - 16)
            if second in {60, 120}:
                committed = end
            yield float(second), Position(end - committed, committed, caught_up=end == committed)

    found = followed(samples())
    assert (found[100].commit_seconds, found[-1].commit_seconds) == (44, 60)


def test_a_partition_without_any_commit_leaves_the_sum_unknown() -> None:
    tracker = CommitTracker()
    stuck = Position(9, -1, caught_up=False)
    values = [
        tracker.observe(at, {"a": position, "b": stuck}).behind
        for at, position in reader(100, every=60, first=7)
    ]
    assert set(values) == {None}


def test_random_commits_never_confirm_more_than_the_truth() -> None:
    chance = random.Random(20261129)  # noqa: S311 - not used for secrets
    for _ in range(50):
        tracker, end, applied, committed, due = CommitTracker(), 0, 0, 0, 20
        for second in range(300):
            end += chance.randrange(50)
            applied = max(applied, end - chance.randrange(100))
            if second == due:
                committed, due = applied, second + chance.randrange(40, 80)
            place = Position(end - committed, committed, caught_up=end == committed)
            found = tracker.observe(float(second), {"0": place})
            if found.behind is not None:
                assert found.behind <= 100
