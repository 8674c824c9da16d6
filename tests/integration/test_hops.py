"""The hops of real runs: they add up, and point at what is slow."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.report.hops import HopRow, hop_rows
from cdc_perf.results.hops import Hops, read_hops_file
from cdc_perf.selftest.processes import slowed
from cdc_perf.settings.hops import HOPS
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.local.backend import LocalStack
from tests.integration.conftest import POLL
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

LIMITS = {"baseline": {"cdc_success_rate": {"rate": 0.9}, "hop_total": {"p50": 20_000}}}
STOPPED_SECONDS, RUNNING_SECONDS = 0.3, 0.02


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Iterator[Inv]:
    """The command in the checkout whose stack is up; its settings are put back."""
    assert stack.endpoints() is not None
    limits, pipeline = checkout.thresholds_file, checkout.pipeline_file
    before = {path: path.read_bytes() for path in (limits, pipeline)}
    inv = Inv(checkout)
    inv.set_limits(LIMITS)
    yield inv
    for path, content in before.items():
        path.write_bytes(content)


def hops_of(
    inv: Inv, under_load: AbstractContextManager[None] | None = None
) -> tuple[Hops, str, Path]:
    """Run a few seconds of a load; return its hops, what the command said, and the run's folder."""
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "8s")
    run = inv.wait_for_load("baseline", known)
    with under_load or nullcontext():
        completed = running.wait()
    hops = read_hops_file(run / "baseline" / "hops.json")
    assert hops is not None
    return hops, "\n".join(completed.last_lines), run


def largest(hops: Hops) -> HopRow:
    *parts, _ = hop_rows(hops)
    return max(parts, key=lambda row: row.share or 0.0)


def test_the_hops_of_every_event_add_up(inv: Inv) -> None:
    hops, said, run = hops_of(inv)
    *parts, whole = hop_rows(hops)
    assert [row.hop for row in parts] == list(HOPS)
    # Another counter of the consumer, and every hop of every event.
    assert {row.figures.events for row in (*parts, whole)} == {hops.events}
    assert hops.events > 50
    assert (hops.restarts, hops.missing) == (0, "")
    assert sum(row.figures.mean or 0 for row in parts) == pytest.approx(whole.figures.mean)
    assert sum(row.share or 0 for row in parts) == pytest.approx(1)
    assert f"Commit to MongoDB: {whole.mean} ms on average ({hops.events:,} events)." in said
    assert "k6 measured " in said
    limits = {x["metric"]: x for x in read(run / "baseline" / "verdict.json")["thresholds"]}
    assert limits["hop_total"]["ok"] is True
    assert limits["hop_total"]["samples"] == hops.events
    assert "hop_total p50" in (run / "junit.xml").read_text(encoding="utf-8")
    for name in ("report.html", "summary.md"):
        assert all(hop.title in (run / name).read_text(encoding="utf-8") for hop in HOPS)


def test_debezium_s_default_poll_interval_points_at_debezium(inv: Inv) -> None:
    path = inv.checkout.pipeline_file
    tuned = path.read_text(encoding="utf-8")
    slow = tuned.replace(POLL, '"poll.interval.ms" = "500"')
    assert slow != tuned
    path.write_text(slow, encoding="utf-8")
    try:
        assert inv("connector.deploy").exit_code == ExitCode.PASS
        hops, said, _ = hops_of(inv)
    finally:
        path.write_text(tuned, encoding="utf-8")
        assert inv("connector.deploy").exit_code == ExitCode.PASS
    # It delays both: how soon a change is seen, and how soon it is handed over.
    by_debezium = hop_rows(hops)[:2]
    assert largest(hops) in by_debezium
    assert sum(row.share or 0 for row in by_debezium) > 0.5
    assert "Check Debezium's poll.interval.ms" in said


def test_a_slow_consumer_points_at_the_consumer(inv: Inv, stack: LocalStack) -> None:
    slow = slowed(consumer_pid(stack), STOPPED_SECONDS, RUNNING_SECONDS)
    hops, said, _ = hops_of(inv, slow)
    assert largest(hops).hop.name == "kafka_to_consumer"
    assert "Check whether the consumer fetches late" in said


def test_a_consumer_that_was_killed_is_counted_on_and_said(inv: Inv, stack: LocalStack) -> None:
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "8s")
    run = inv.wait_for_load("baseline", known)
    os.kill(consumer_pid(stack), signal.SIGKILL)
    completed = running.wait()
    assert completed.exit_code == ExitCode.FAIL, completed.last_lines
    hops = read_hops_file(run / "baseline" / "hops.json")
    assert hops is not None
    assert hops.restarts == 1
    assert hops.missing.startswith("the consumer restarted its counters")
    assert hops.total is not None
    assert hops.total.events == hops.events > 0


def consumer_pid(stack: LocalStack) -> int:
    pid = next(status.pid for status in stack.status() if status.name == "consumer")
    assert pid is not None
    return pid
