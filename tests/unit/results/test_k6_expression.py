"""Thresholds as k6 reads them: what Go's parser takes, and nothing else."""

from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.results.k6_expression import go_float, parse_k6_expression


@pytest.mark.parametrize(
    ("text", "stat", "operator", "limit"),
    [
        ("p(95)<500", "p95", "<", 500),
        ("p(95)<1e3", "p95", "<", 1000),
        ("count<5e6", "count", "<", 5e6),
        ("avg<.9", "avg", "<", 0.9),
        ("avg<5.", "avg", "<", 5),
        ("max<0x1p10", "max", "<", 1024),
        ("max<0X_1P-2", "max", "<", 0.25),
        ("p(75)>-1", "p75", ">", -1),
        ("min>+1", "min", ">", 1),
        ("value==1", "value", "==", 1),
        ("value===1", "value", "===", 1),
        ("rate!=0.5", "rate", "!=", 0.5),
        ("rate>=0.99", "rate", ">=", 0.99),
        ("  med <=  3 ", "med", "<=", 3),
        ("p(99.99)<1_000", "p99.99", "<", 1000),
        ("p(9.5e1)<1", "p95", "<", 1),
        ("p<1", "p0", "<", 1),
        ("max<Inf", "max", "<", inf),
    ],
)
def test_what_k6_takes(text: str, stat: str, operator: str, limit: float) -> None:
    found = parse_k6_expression(text)
    assert found is not None
    assert (found.stat, found.operator, found.limit) == (stat, operator, limit)


@pytest.mark.parametrize(
    "text",
    [
        *("", "p(95)", "p(95)<", "<5", "p(95)=5", "p95<5", "p(x)<5", "p( 95)<1", "foo<1"),
        *("avg<x", "avg<0x10", "avg<0b1", "avg<1__0", "avg<\u0663", "avg<1 2", "avg<infin"),
    ],
)
def test_what_k6_does_not_take(text: str) -> None:
    assert parse_k6_expression(text) is None


@pytest.mark.parametrize(
    ("text", "below", "at", "above"),
    [
        ("avg<5", True, False, False),
        ("avg<=5", True, True, False),
        ("avg>5", False, False, True),
        ("avg>=5", False, True, True),
        ("avg==5", False, True, False),
        ("avg===5", False, True, False),
        ("avg!=5", True, False, True),
        ("avg<NaN", False, False, False),
    ],
)
def test_whether_a_value_keeps_it(text: str, *, below: bool, at: bool, above: bool) -> None:
    found = parse_k6_expression(text)
    assert found is not None
    assert [found.holds(value) for value in (4.0, 5.0, 6.0)] == [below, at, above]


@given(st.floats(allow_nan=False))
def test_a_number_is_read_as_it_was_written(number: float) -> None:
    assert go_float(repr(number)) == number


def test_not_a_number_is_one_to_go() -> None:
    found = go_float("nan")
    assert found is not None
    assert isnan(found)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    parse_k6_expression(text)
    parse_k6_expression(f"avg<{text}")
