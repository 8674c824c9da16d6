"""Which comparison counts: the last one after a load, what lasts while rows are written."""

from collections.abc import Iterator, Sequence

import pytest

from cdc_perf.integrity import check
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.records import Drain, FindingKind, Integrity
from cdc_perf.integrity.snapshot import RowDifference, TableComparison
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.carried import ConnectorFilter
from tests.unit.addresses import NO_ADDRESSES

A = RowDifference(FindingKind.MISSING, "public.customer", "a", "7", None)
B = RowDifference(FindingKind.MISSING, "public.customer", "b", "7", None)


class Drained:
    """A pipeline that drains at once; notes in which order it is asked."""

    given_up = False

    def __init__(self, *_arguments: object) -> None: ...

    def sentinel(self) -> None:
        steps.append("sentinel")

    def positions(self) -> None:
        steps.append("positions")

    def result(self) -> Drain:
        return Drain(seconds=0.0)


class NoLag:
    def __init__(self, *_arguments: object) -> None: ...

    def close(self) -> None: ...


steps: list[str] = []


def checked(
    monkeypatch: pytest.MonkeyPatch, looks: Sequence[Sequence[RowDifference]], *, quiet: bool
) -> set[str]:
    """Return the rows that are said to differ, given what each comparison sees."""
    steps.clear()
    left: Iterator[Sequence[RowDifference]] = iter(looks)
    found: list[RowDifference] = []

    def compare(_self: Checker, _filtered: ConnectorFilter) -> TableComparison:
        steps.append("look")
        return TableComparison((), tuple(next(left)))

    def note(_self: Checker, *arguments: object) -> Integrity:
        differences = arguments[5]
        assert isinstance(differences, tuple)
        found.extend(differences)
        return check.unchecked("")

    monkeypatch.setattr(check, "Draining", Drained)
    monkeypatch.setattr(check, "ConsumerLag", NoLag)
    monkeypatch.setattr(Checker, "_compare", compare)
    monkeypatch.setattr(Checker, "_found", note)
    monkeypatch.setattr(Checker, "_filtered", lambda _self: ConnectorFilter())
    endpoints = NO_ADDRESSES
    Checker(load_pipeline(Checkout.here()), endpoints).check({}, quiet=quiet)
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
    ("looks", "lost"), [([()], set()), ([(A,), (A, B)], {"a"}), ([(A,), (B,)], set())]
)
def test_under_load_what_differs_once_is_on_its_way(
    monkeypatch: pytest.MonkeyPatch, looks: Sequence[Sequence[RowDifference]], lost: set[str]
) -> None:
    assert checked(monkeypatch, looks, quiet=False) == lost
