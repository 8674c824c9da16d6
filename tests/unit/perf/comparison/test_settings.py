"""The options of a comparison."""

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.perf.comparison.settings import ComparisonOptions


def test_options_as_typed() -> None:
    assert ComparisonOptions.parse("12", "5%", "30") == ComparisonOptions(12, 0.05, 30)
    assert ComparisonOptions.parse("1.5", "0.5", "1") == ComparisonOptions(1.5, 0.005, 1)


@pytest.mark.parametrize(
    ("minutes", "effect", "rate", "option"),
    [
        ("0", "5%", "30", "--minutes"),
        ("12m", "5%", "30", "--minutes"),
        ("nan", "5%", "30", "--minutes"),
        ("99999", "5%", "30", "--minutes"),
        ("12", "0", "30", "--effect"),
        ("12", "-5%", "30", "--effect"),
        ("12", "5%%", "30", "--effect"),
        ("12", "5%", "0", "--rate"),
        ("12", "5%", "1e3", "--rate"),
        ("12", "5%", "99999", "--rate"),
    ],
)
def test_wrong_options(minutes: str, effect: str, rate: str, option: str) -> None:
    with pytest.raises(UsageFailure, match=option):
        ComparisonOptions.parse(minutes, effect, rate)
