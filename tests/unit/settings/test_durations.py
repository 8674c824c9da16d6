import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import format_duration, parse_duration, parse_run_duration


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [
        ("30s", 30, "30s"),
        ("90s", 90, "1m30s"),
        ("1m30s", 90, "1m30s"),
        ("1.5m", 90, "1m30s"),
        ("1h", 3600, "1h"),
        ("24h", 86_400, "24h"),
        ("500ms", 0.5, "500ms"),
        ("1s500ms", 1.5, "1.5s"),
        ("1ms", 0.001, "1ms"),
        ("0s1ms", 0.001, "1ms"),
        ("59.999s", 59.999, "59.999s"),
        ("1h0.25s", 3600.25, "1h0.25s"),
    ],
)
def test_a_duration_is_read_and_written_back(text: str, seconds: float, written: str) -> None:
    assert parse_duration(text, where="x") == pytest.approx(seconds)
    assert format_duration(seconds) == written
    assert parse_duration(written, where="x") == pytest.approx(seconds)


def test_no_time_is_written_although_it_is_not_read() -> None:
    assert format_duration(0) == format_duration(0.0004) == "0s"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a duration"),
        ("999ms", "is shorter than 1s"),
        ("5", "is not a duration"),
        ("1 m", "is not a duration"),
        ("5 minutes", "is not a duration"),
        ("1d", "is not a duration"),
        ("1.m", "is not a duration"),
        ("1e3s", "is not a duration"),
        ("1m\n", "is not a duration"),
        ("٣s", "is not a duration"),
        ("0s", "is zero or shorter than 1ms"),
        ("0.1ms", "is zero or shorter than 1ms"),
        ("-1m", "is negative"),
        ("-m", "is not a duration"),
        ("24h1s", "is longer than 24h"),
        ("9" * 400 + "h", "is longer than 24h"),
    ],
)
def test_what_is_no_duration_is_refused_with_one_line(text: str, problem: str) -> None:
    with pytest.raises(UsageFailure) as caught:
        parse_run_duration(text)
    line = str(caught.value)
    assert line.startswith(f"--duration: {text!r} {problem}")
    assert line.endswith("; use a format such as 30s, 1m30s, 1h, or 500ms")
    assert "\n" not in line
