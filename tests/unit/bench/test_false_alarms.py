"""The recorded runs, and what comes of comparing them."""

from bench.false_alarms import (
    count,
    every_turn,
    found_in,
    random_pairs,
    recorded_pairs,
    same_version,
)
from bench.recorded_turns import recorded
from cdc_perf.results.run_folder import is_run_id


def test_what_was_recorded_is_whole() -> None:
    turns = recorded().turns
    assert len({turn.run_id for turn in turns}) == len(turns) == 40
    assert all(is_run_id(turn.run_id) and turn.samples >= 300 for turn in turns)
    assert {len(turn.figures) for turn in turns} == {8}
    # Ten pairs of one version, and the base of ten against another.
    assert len(same_version()) == 30


def test_a_run_is_in_a_comparison_once() -> None:
    for pairs in random_pairs(same_version(), 11, 50):
        runs = [turn.run_id for pair in pairs for turn in pair]
        assert len(set(runs)) == len(runs) == 22


def test_pairs_as_recorded_are_turned_every_way() -> None:
    pairs = recorded_pairs(same_version())
    assert [base.name for base, _ in pairs][:2] == ["pair-1-base", "pair-2-base"]
    ways = [tuple(base.run_id for base, _ in way) for way in every_turn(pairs[:4])]
    assert len(set(ways)) == len(ways) == 16


def test_what_is_half_as_slow_again_is_found_and_the_same_is_not() -> None:
    drawn = list(random_pairs(same_version(), 10, 10))
    assert count(drawn, 3).worse == 0
    # A check that cannot fail counts nothing: the same pairs, slowed, are seen.
    assert count(drawn, 3, 1.5).worse == 10
    assert count(drawn, 3, 1 / 1.5).better == 10


def test_the_table_tells_how_many_of_how_many() -> None:
    drawn = list(random_pairs(same_version(), 10, 3))
    found = {figure.name: figure for figure in found_in(drawn, 3, "drawn")}
    slowed = found["slower by 50%, judged worse: drawn"]
    assert slowed.values == (100.0,)
    assert slowed.note.startswith("3 of 3; 95% interval ")
