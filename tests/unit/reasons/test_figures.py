import pytest

from cdc_perf.reasons.figures import figure, figure_beside, limit_figure


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"),
        (600.0, "", "600"),
        (2310.4, "ms", "2,310 ms"),
        (36.44, "ms", "36.4 ms"),
        (1.234, "ms", "1.23 ms"),
        (0.98765, "", "0.9877"),
        (-36.44, "ms", "-36.4 ms"),
        (1234567, "", "1,234,567"),
    ],
)
def test_a_figure_has_the_digits_that_matter(value: float, unit: str, text: str) -> None:
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("limit", "unit", "text"),
    [(2000.0, "ms", "2,000 ms"), (0.999, "", "0.999"), (1e-7, "", "1e-07"), (0.5, "ms", "0.5 ms")],
)
def test_a_limit_is_shown_as_it_was_set(limit: float, unit: str, text: str) -> None:
    assert limit_figure(limit, unit) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (2000.3, 2000, "2,000.3 ms"),
        (2000.0001, 2000, "2,000.0001 ms"),
        (2000.0, 2000, "2,000 ms"),
        (2310.4, 2000, "2,310 ms"),
        (99.99, 100, "99.99 ms"),
        (99.94, 100, "99.9 ms"),
    ],
)
def test_a_figure_does_not_look_like_the_limit_that_it_breaks(
    value: float, limit: float, text: str
) -> None:
    assert figure_beside(value, limit, "ms") == text
