import pytest

from cdc_perf.report.html.spans import clock, width_for_samples, width_of_rows


@pytest.mark.parametrize(
    ("length", "width"),
    [(1, 1), (60, 1), (61, 2), (120, 2), (300, 5), (3600, 60), (7200, 120), (86_400, 1800)],
)
def test_a_table_has_at_most_60_rows(length: int, width: int) -> None:
    assert width_of_rows(length) == width
    assert -(-length // width) <= 60


@pytest.mark.parametrize(
    ("rate", "needed", "length", "width"),
    [
        (10, 6, 120, 1),
        (10, 60, 120, 10),
        (10, 300, 120, 60),
        (1000, 300, 120, 1),
        (1000, 300, 3600, 15),
        (3, 300, 120, 120),
        (2, 300, 120, None),
    ],
    ids=[
        "p50",
        "p95",
        "p99",
        "a high rate",
        "a high rate for long",
        "only over all of it",
        "never enough",
    ],
)
def test_a_span_is_as_short_as_its_samples_allow(
    rate: int, needed: int, length: int, width: int | None
) -> None:
    assert width_for_samples([rate] * length, needed, length) == width


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (750, "12:30"), (3723, "1:02:03")]
)
def test_a_clock_is_read_from_the_start(seconds: float, text: str) -> None:
    assert clock(seconds) == text
