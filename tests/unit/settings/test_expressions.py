import pytest

from cdc_perf.settings.expressions import Expression, Operator, parse_expression


@pytest.mark.parametrize(
    ("text", "k6"),
    [
        ("p95<2000", "p(95)<2000"),
        ("p(95)<2000", "p(95)<2000"),
        (" p(99.9)  <=  2000.0 ", "p(99.9)<=2000"),
        ("rate>0.99", "rate>0.99"),
        ("rate<0.0000001", "rate<1e-7"),
        ("count>=0", "count>=0"),
        ("med<007.50", "med<7.5"),
    ],
)
def test_an_expression_is_given_to_k6_in_its_normal_form(text: str, k6: str) -> None:
    expression = parse_expression(text)
    assert expression is not None
    assert expression.k6 == k6
    assert parse_expression(k6.replace("1e-7", "0.0000001")) == expression


@pytest.mark.parametrize(
    "text",
    [
        *("", "p95", "2000", "1>p95", "p95==1", "p95!=1", "p95=<1", "p95<1;", "p95<1\n", "p95\t<1"),
        *("p(95<1", "p95)<1", "P95<1", "p95<-1", "p95<1e3", "p95<.5", "p95<1,000", "p95<NaN"),
    ],
)
def test_what_is_no_expression_is_none(text: str) -> None:
    assert parse_expression(text) is None


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        (Operator.AT_MOST, True, True, False),
        (Operator.BELOW, True, False, False),
        (Operator.AT_LEAST, False, True, True),
        (Operator.ABOVE, False, False, True),
    ],
)
def test_an_operator_holds_on_its_side(
    operator: Operator, *, below: bool, at: bool, above: bool
) -> None:
    assert [operator.holds(value, 2.0) for value in (1.9, 2.0, 2.1)] == [below, at, above]


def test_a_percentile_is_spelled_in_two_ways() -> None:
    assert Expression("p99.9", Operator.BELOW, 1).k6_stat == "p(99.9)"
    assert Expression("max", Operator.BELOW, 1).k6_stat == "max"


@pytest.mark.parametrize(
    ("text", "share"),
    [("p95<1", 0.95), ("p(99.9)<1", 0.999), ("med<1", 0.5), ("max<1", None), ("rate>0", None)],
)
def test_a_percentile_has_its_share_of_samples(text: str, share: float | None) -> None:
    parsed = parse_expression(text)
    assert parsed is not None
    assert parsed.share == share
