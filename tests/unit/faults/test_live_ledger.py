"""The ledger while k6 writes it."""

import time
from pathlib import Path

import pytest

from cdc_perf.faults.live_ledger import Flow, LiveLedger


def write(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as ledger:
        ledger.writelines(lines)


def change(number: int, *, took_us: int = 10_000) -> str:
    now = time.time_ns() // 1000
    key = f"public.customer\t{number}\t"
    return f"c\t{key}{now - took_us}\ns\t{key}{now}\tc\n"


def test_the_flow_is_that_of_the_last_seconds(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    live = LiveLedger(path, window_seconds=2.0)
    assert live.flow() is None
    write(path, *(change(number) for number in range(40)))
    flow = live.flow()
    assert flow is not None
    assert flow.per_second == 20.0
    assert flow.p95 == pytest.approx(0.01)


def test_old_arrivals_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    old = time.time_ns() // 1000 - 5_000_000
    write(path, f"c\tt\t1\t{old - 9}\n", f"s\tt\t1\t{old}\tc\n")
    assert LiveLedger(path, window_seconds=2.0).flow() is None


def test_a_line_that_is_not_complete_is_read_later(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    live = LiveLedger(path, window_seconds=2.0)
    text = change(1)
    write(path, text[:-10])
    assert live.flow() is None
    write(path, text[-10:])
    assert live.flow() == Flow(per_second=0.5, p95=0.01)


@pytest.mark.parametrize(
    ("changes", "took_us", "like"),
    [(40, 12_000, True), (40, 90_000, False), (10, 10_000, False)],
)
def test_a_recovered_pipeline_is_like_before(
    tmp_path: Path, changes: int, took_us: int, *, like: bool
) -> None:
    path = tmp_path / "ledger.tsv"
    write(path, *(change(number, took_us=took_us) for number in range(changes)))
    live = LiveLedger(path, window_seconds=2.0)
    assert live.is_like(Flow(20.0, 0.01), time.time() - 2.0) is like


def test_the_seconds_before_the_end_of_a_fault_say_nothing_about_the_recovery(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.tsv"
    write(path, *(change(number) for number in range(40)))
    live = LiveLedger(path, window_seconds=2.0)
    assert live.is_like(Flow(20.0, 0.01), time.time() - 2.1)
    assert not live.is_like(Flow(20.0, 0.01), time.time() - 1.0)
