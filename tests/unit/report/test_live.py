import io
import time
from dataclasses import replace

import pytest

from cdc_perf.load.progress import LoadProgress
from cdc_perf.report.live import Lines, display, text

MOMENT = LoadProgress(
    elapsed_seconds=12.0,
    total_seconds=60.0,
    running=True,
    vus=10,
    iterations=220,
    iterations_per_second=18.34,
    errors=1200,
    p95_ms=31.4,
)


def test_the_figures_of_a_moment() -> None:
    line = "20% of 1m, 48s left, 10 VUs, 18.3 iterations/s, p95 31 ms, 1,200 errors"
    assert text(MOMENT) == line
    stack = {"consumer_lag": 1234.0, "slot_retained_bytes": 3.5 * 2**20, "cpu_kafka": 0.1}
    assert text(replace(MOMENT, stack=stack)) == f"{line}, lag 1,234, slot 3.50 MiB"


def test_an_observation_has_no_figures_of_k6() -> None:
    seen = replace(MOMENT, vus=None, p95_ms=None, stack={"consumer_lag": 7})
    assert text(seen) == f"{text(MOMENT).partition(', 10 VUs')[0]}, lag 7"


def test_without_a_terminal_there_is_a_line_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, progress: list[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    shown = display("baseline", io.StringIO())
    assert isinstance(shown, Lines)
    for second in range(1, 31):
        now = 100.0 + second
        shown.show(MOMENT)
    shown.close()
    assert progress == [f"baseline: {text(MOMENT)}"] * 3
