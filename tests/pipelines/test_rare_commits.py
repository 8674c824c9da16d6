"""A sink connector whose worker commits offsets as rarely as it does by default."""

import gzip
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.metrics import COMMIT_SERIES, CONSUMER_LAG, SLOT_RETAINED_BYTES
from cdc_perf.stack import canary
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import read
from tests.pipelines.conftest import Site, site_of

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]
_FLUSH = "offset.flush.interval.ms"
_DEFAULT_MS = 60_000
# Two commits are in it.
_LOAD = ("perf", "--scenarios", "baseline", "--duration", "130s")


@pytest.fixture(scope="module", params=["mongodb-sink", "postgres-to-postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp(request.param), request.param) as found:
        commit_rarely(found)
        yield found


def commit_rarely(site: Site) -> None:
    """Restart the worker with Kafka Connect's default."""
    settings = site.inv.checkout.stack / "settings" / "connect.properties"
    lines = settings.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(_FLUSH)]
    assert len(kept) == len(lines) - 1
    settings.write_text("\n".join([*kept, f"{_FLUSH}={_DEFAULT_MS}"]) + "\n", encoding="utf-8")
    before = site.pid("connect")
    os.kill(before, signal.SIGKILL)

    def restarted() -> None:
        if site.pid("connect") == before:
            raise NotReady("it is the same process")

    wait_until(restarted, what="the worker", deadline_seconds=60)
    up = site.inv("up")
    assert up.exit_code == ExitCode.PASS, up.last_lines
    # The group of the sink connector waits 45 s for the member that was killed.
    canary.run_canary(site.pipeline, site.endpoints, 120)


def gauges(run: Path) -> dict[str, list[float]]:
    """Return the values of the stack's gauges in a run, by metric."""
    found: dict[str, list[float]] = {}
    with gzip.open(run / "baseline" / "gauges.json.gz", "rt", encoding="utf-8") as lines:
        for each in map(json.loads, lines):
            if each["type"] == "Point":
                found.setdefault(each["metric"], []).append(each["data"]["value"])
    return found


def test_no_threshold_is_judged_by_a_commit_that_is_still_to_come(site: Site) -> None:
    site.inv.set_limits(
        {
            "baseline": {
                "consumer_lag": {"max": 60},
                "slot_retained_bytes": {"max": 2**30},
            }
        }
    )
    completed = site.inv(*_LOAD)
    run = site.inv.run_of(completed)
    assert (run / "baseline").is_dir(), completed.output
    found = gauges(run)
    verdict = read(run / "baseline" / "verdict.json")
    for metric in (CONSUMER_LAG, SLOT_RETAINED_BYTES):
        assert found[COMMIT_SERIES[metric].seconds][-1] == pytest.approx(60, abs=3), metric
    # 20 events a second, for a minute.
    assert max(found[CONSUMER_LAG]) > 500
    results = {each["metric"]: each for each in verdict["thresholds"]}
    assert (results[CONSUMER_LAG]["ok"], results[SLOT_RETAINED_BYTES]["ok"]) == (True, True)
    assert results[CONSUMER_LAG]["samples"] in (2, 3)
    integrity = read(run / "baseline" / "integrity.json")
    assert (integrity["findings"], integrity["drain"]["outstanding"]) == ([], [])
    # A busy machine is INVALID, which says nothing about commits.
    assert completed.exit_code in (ExitCode.PASS, ExitCode.INVALID), completed.output
