"""What a long comparison logs."""

import logging
import time

import pytest

from cdc_perf.integrity.progress import Progress


@pytest.mark.parametrize(
    ("number", "total", "estimated", "sentence"),
    [
        (1_200_000, 4_960_000, True, "integrity: 1.2 million of ~5.0 million rows of public.x"),
        (1_200, 2_000, False, "integrity: 1,200 of 2,000 rows of public.x"),
        # A table that was never analyzed, and one that has grown since.
        (1_200, 0, True, "integrity: 1,200 rows of public.x"),
        (1_200, 1_199, True, "integrity: 1,200 rows of public.x"),
    ],
)
def test_the_sentence(number: int, total: int, sentence: str, *, estimated: bool) -> None:
    assert Progress("public.x", total, estimated=estimated).sentence(number) == sentence


def test_it_is_logged_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    caplog.set_level(logging.INFO)
    for row in Progress("public.x", 12, estimated=False).rows(range(12)):
        assert len(caplog.messages) == row // 5
        now += 1.0
    assert caplog.messages == [
        "integrity: 5 of 12 rows of public.x",
        "integrity: 10 of 12 rows of public.x",
    ]
