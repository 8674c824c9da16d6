import pytest

from cdc_perf.wording import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 rows"), (1, "1 row"), (1.0, "1 row"), (2310, "2,310 rows")]
)
def test_only_one_is_single(number: float, said: str) -> None:
    assert counted(number, "row") == said


def test_the_words_around_may_change_too() -> None:
    assert counted(1, "row is missing", "rows are missing") == "1 row is missing"
    assert counted(0, "row is missing", "rows are missing") == "0 rows are missing"
