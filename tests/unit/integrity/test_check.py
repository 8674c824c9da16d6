"""Which comparison counts: the last one after a load, what lasts while rows are written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import cast

import msgspec
import pytest

from cdc_perf.integrity import check
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.differences import FURTHER, RowDifference
from cdc_perf.integrity.records import Drain, FindingKind, Integrity
from cdc_perf.integrity.snapshot import TableComparison
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.waiting import NotReady
from tests.unit.addresses import NO_ADDRESSES

A = RowDifference(FindingKind.MISSING, "public.customer", "a", "7", None)
B = RowDifference(FindingKind.MISSING, "public.customer", "b", "7", None)
NEW_A = replace(A, version="8")
MORE = replace(A, id=FURTHER, version="", count=9)


class Drained:
    """A pipeline that drains at once; notes in which order it is asked."""

    given_up = False

    def __init__(self, *_arguments: object) -> None: ...

    def sink(self, equal: Callable[[], None], _interval_seconds: float = 0.0) -> None:
        """Wait as long as a test has a further look, or an answer whether all has passed."""
        for _ in range(len(answers) or 2):
            try:
                equal()
            except (NotReady, StopIteration):
                continue
            return

    def sentinel(self) -> None:
        steps.append("sentinel")

    def positions(self) -> None:
        steps.append("positions")

    def mark(self) -> None:
        steps.append("mark")

    def passed(self) -> bool:
        steps.append("passed?")
        return answers.pop(0)

    def group(self) -> None:
        steps.append("group")

    def result(self) -> Drain:
        return Drain(seconds=0.0)


class NoLag:
    def __init__(self, *_arguments: object) -> None: ...

    def close(self) -> None: ...


steps: list[str] = []
# Whether everything has passed the pipeline, each time that it is asked.
answers: list[bool] = []


def checked(
    monkeypatch: pytest.MonkeyPatch,
    looks: Sequence[Sequence[RowDifference]],
    *,
    quiet: bool,
    shared: bool = False,
    consumer: bool = True,
    read_only: bool = False,
) -> set[str]:
    """Return the rows that are said to differ, given what each comparison sees."""
    pipeline = load_pipeline(Checkout.here())
    if not consumer:
        pipeline = msgspec.structs.replace(pipeline, consumer=None)
    steps.clear()
    left: Iterator[Sequence[RowDifference]] = iter(looks)
    found: list[RowDifference] = []

    def compare(_self: Checker, _filtered: ConnectorFilter, keys: object) -> TableComparison:
        assert keys is None
        steps.append("look")
        return TableComparison((), tuple(next(left)))

    def note(_self: Checker, *arguments: object) -> Integrity:
        _, differences = cast("tuple[TableComparison, tuple[RowDifference, ...]]", arguments[4])
        found.extend(differences)
        return check.unchecked("")

    monkeypatch.setattr(check, "Draining", Drained)
    monkeypatch.setattr(check, "ConsumerLag", NoLag)
    monkeypatch.setattr(Checker, "_compare", compare)
    monkeypatch.setattr(Checker, "_found", note)
    monkeypatch.setattr(Checker, "_filtered", lambda _self: ConnectorFilter())
    endpoints = NO_ADDRESSES
    checker = Checker(pipeline, endpoints, shared=shared, read_only=read_only)
    checker.check({}, quiet=quiet)
    return {each.id for each in found}


@pytest.mark.parametrize(
    ("looks", "lost"),
    [
        ([()], set()),
        ([(A,), ()], set()),
        ([(A,), (A,)], {"a"}),
        # What goes wrong after the first look.
        ([(A,), (A, B)], {"a", "b"}),
        ([(A,), (B,)], {"b"}),
    ],
)
def test_after_a_load_the_last_comparison_alone_counts(
    monkeypatch: pytest.MonkeyPatch, looks: Sequence[Sequence[RowDifference]], lost: set[str]
) -> None:
    assert checked(monkeypatch, looks, quiet=True) == lost
    # Nothing is looked at before everything is confirmed.
    assert steps == ["sentinel", "positions", "look"] * len(looks)


@pytest.mark.parametrize(
    ("looks", "lost"),
    [([()], set()), ([(A, B), (B,), ()], set()), ([(A, B), (B,), (B,)], {"b"})],
)
def test_without_known_positions_it_looks_until_the_sink_is_equal_or_the_end(
    monkeypatch: pytest.MonkeyPatch, looks: Sequence[Sequence[RowDifference]], lost: set[str]
) -> None:
    assert checked(monkeypatch, looks, quiet=True, consumer=False) == lost
    assert steps == ["sentinel", "positions", *["look"] * len(looks)]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("looks", "lost"),
    [
        ([()], set()),
        ([(A,), (A, B)], {"a"}),
        ([(A,), (B,)], set()),
        # The same row in another version: it was written again meanwhile.
        ([(A,), (NEW_A,)], set()),
        # A first comparison that keeps only a part of the differences is replaced.
        ([(A, MORE), (B,), (A, B)], {"b"}),
        ([(A, MORE), (A, MORE), (A, B, MORE)], {"a", FURTHER}),
        ([(A, MORE), (A, MORE), (B, MORE)], set()),
    ],
)
def test_under_load_what_differs_once_is_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
    looks: Sequence[Sequence[RowDifference]],
    lost: set[str],
    *,
    shared: bool,
) -> None:
    # A database that others write to is under load even after the run's own load.
    assert checked(monkeypatch, looks, quiet=shared, shared=shared) == lost
    assert steps.count("look") == len(looks)


@pytest.mark.parametrize(
    ("looks", "lost"),
    [
        ([(A, B), (A, B), (A,), ()], set()),
        ([(A, B), (A, B), (A, B), (B,)], {"b"}),
        ([(A, B), (NEW_A,)], set()),
    ],
)
def test_without_known_positions_a_difference_is_wrong_if_it_stays_until_the_end(
    monkeypatch: pytest.MonkeyPatch, looks: Sequence[Sequence[RowDifference]], lost: set[str]
) -> None:
    assert checked(monkeypatch, looks, quiet=True, shared=True, consumer=False) == lost
    assert steps.count("look") == len(looks)


@pytest.mark.parametrize(
    ("looks", "passed", "lost", "asked"),
    [
        ([()], [], set(), ["look"]),
        # In flight: it arrived, or it was written again.
        ([(A,), ()], [False], set(), ["look", "mark", "passed?", "look"]),
        ([(A,), (replace(A, version="8"), B)], [False], set(), ["look", "mark", "passed?", "look"]),
        # Everything that the first comparison saw has passed: this row did not.
        ([(A,), (A, B)], [True], {"a"}, ["look", "mark", "passed?", "look"]),
        # Not confirmed, so only the end of the time decides.
        ([(A, B), (A, B), (A,)], [False, False], {"a"}, ["look", "mark", *["passed?", "look"] * 2]),
        ([(A,), (A,), ()], [False, False], set(), ["look", "mark", *["passed?", "look"] * 2]),
        # A first comparison that keeps only a part of the differences is replaced.
        ([(A, MORE), (B,), (B,)], [False, True], {"b"}, ["look", *["mark", "passed?", "look"] * 2]),
        ([(A, MORE), (B,), ()], [True, True], set(), ["look", *["mark", "passed?", "look"] * 2]),
        ([(A, MORE), (A, MORE)], [True], {"a", FURTHER}, ["look", "mark", "passed?", "look"]),
    ],
)
@pytest.mark.parametrize("quiet", [True, False])
def test_a_check_that_may_not_write_sends_no_row_and_trusts_what_lasts(
    monkeypatch: pytest.MonkeyPatch,
    looks: Sequence[Sequence[RowDifference]],
    passed: list[bool],
    lost: set[str],
    asked: list[str],
    quiet: bool,  # noqa: FBT001 - a column of the table
) -> None:
    answers[:] = passed
    assert checked(monkeypatch, looks, quiet=quiet, read_only=True) == lost
    assert steps == [*asked, "group"]
