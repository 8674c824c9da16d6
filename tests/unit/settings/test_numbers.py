import pytest

from cdc_perf.settings.numbers import js_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # As `String(value)` of V8 and of k6's own engine writes them.
        (0, "0"),
        (-0.0, "0"),
        (1, "1"),
        (-1.5, "-1.5"),
        (2000, "2000"),
        (2000.0, "2000"),
        (0.99, "0.99"),
        (0.1 + 0.2, "0.30000000000000004"),
        (100, "100"),
        (123456789.125, "123456789.125"),
        (0.000001, "0.000001"),
        (0.00000123, "0.00000123"),
        (0.0000001, "1e-7"),
        (0.00000012, "1.2e-7"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.25e21, "1.25e+21"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740993, "9007199254740992"),
    ],
)
def test_a_number_is_written_as_ecmascript_writes_it(value: float, text: str) -> None:
    assert js_number(value) == text


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_has_no_place_in_a_threshold(value: float) -> None:
    with pytest.raises(ValueError, match="is not valid in a threshold"):
        js_number(value)
