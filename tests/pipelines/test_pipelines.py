"""Every pipeline of the checkout, under load and with faults."""

import json
import os
import signal
import time

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.hops import CONSUMER_HOPS, RECORD_HOPS
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import read
from tests.pipelines.conftest import Site

pytestmark = pytest.mark.timeout(600)
_LOAD = ("--scenarios", "baseline", "--duration", "20s")


def test_baseline_passes_with_hops_and_integrity(site: Site) -> None:
    completed = site.inv.measured(*_LOAD)
    assert completed.exit_code == ExitCode.PASS, completed.output
    run = site.inv.run_of(completed)
    manifest = read(run / "run.json")
    assert manifest["pipeline"]["name"] == site.name
    integrity = read(run / "baseline" / "integrity.json")
    rows = {each["table"]: each["rows"] for each in integrity["tables"]}
    held = {each["table"]: each["documents"] for each in integrity["tables"]}
    assert rows == held
    assert rows["public.customer"] >= integrity["acknowledged"]["c"] > 100
    assert (integrity["findings"], integrity["drain"]["outstanding"]) == ([], [])
    hops = read(run / "baseline" / "hops.json")
    expected = CONSUMER_HOPS if site.pipeline.consumer else RECORD_HOPS
    assert [each["hop"] for each in hops["hops"]] == [hop.name for hop in expected.all]
    assert all(each["events"] > 100 and each["mean"] > 0 for each in hops["hops"]), hops["hops"]
    assert hops["missing"] == ""


def test_the_mixed_workload_is_the_same_in_the_sink(site: Site) -> None:
    words = ("--scenarios", "mixed-workload", "--duration", "20s", "--vus", "10")
    completed = site.inv.measured(*words)
    integrity = read(site.inv.run_of(completed) / "mixed-workload" / "integrity.json")
    assert integrity["findings"] == [], completed.output
    assert {"c", "u", "d"} == set(integrity["acknowledged"])
    assert all(each["rows"] == each["documents"] for each in integrity["tables"])


def test_a_killed_worker_loses_nothing_and_fails_the_run(site: Site) -> None:
    words = ("perf", "--scenarios", "baseline", "--duration", "40s")
    known = site.inv.runs()
    running = site.inv.start(*words)

    def loaded() -> None:
        started = site.inv.runs() - known
        folders = [site.inv.checkout.results / name / "baseline" for name in started]
        ledgers = [folder / "ledger.tsv" for folder in folders]
        if not any(each.exists() and each.stat().st_size > 4_000 for each in ledgers):
            raise NotReady("the load has not begun")

    wait_until(loaded, what="the load", deadline_seconds=120)
    os.kill(site.pid("connect"), signal.SIGKILL)
    completed = running.wait()
    output = "\n".join(completed.last_lines)
    assert completed.exit_code == ExitCode.FAIL, output
    (name,) = site.inv.runs() - known
    verdict = read(site.inv.checkout.results / name / "baseline" / "verdict.json")
    codes = {reason["code"] for reason in verdict["reasons"]}
    assert "component_died" in codes, verdict["reasons"]
    gates = {gate["name"]: gate["ok"] for gate in verdict["gates"]}
    integrity = read(site.inv.checkout.results / name / "baseline" / "integrity.json")
    lost = [each for each in integrity["findings"] if not each["excused"]]
    assert lost == [], gates


# Last: what it removes stays removed.
def test_a_lost_row_is_named(site: Site) -> None:
    lost, *_ = keys = site.insert(3)
    site.lose([lost])
    began = time.monotonic()
    completed = site.inv("integrity", "--json")
    assert completed.exit_code == ExitCode.FAIL, completed.last_lines
    # What the command waits for comes first, on standard error.
    found = json.loads(completed.output[completed.output.index("{") :])
    missing = next(each for each in found["findings"] if each["kind"] == "missing")
    assert missing["table"] == "public.customer"
    if site.name == "kafka-only":
        # The topic lost all of its records.
        assert missing["count"] >= len(keys)
        assert found["cuts"] == [] or found["cuts"][0]["topic"] == "cdc.public.customer"
    else:
        assert missing["count"] == 1
        assert [each["id"] for each in missing["samples"]] == [lost]
    assert time.monotonic() - began < 200
