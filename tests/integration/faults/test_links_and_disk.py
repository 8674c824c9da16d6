"""Faults of links and of a disk, and a snapshot, under load: proved, recovered from, undone."""

import json
import signal
from collections.abc import Iterator

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.recovery import CATCH_UP, LOST, OUTAGE
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.toxiproxy import Toxiproxy
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

LIMITS = {"cdc_success_rate": {"rate": 0.5}}
# What the proof of each must name.
LISTED = {
    "partition:kafka-consumer": "then not answered within",
    "latency:connect-kafka": "then answered after",
    "reset:postgres-connect": "then reset after",
    "disk:kafka": "RLIMIT_FSIZE 0",
    "connector:snapshot": "incremental snapshot of public.customer as completed",
}
SHORT = {name: {"duration": "3s"} for name in LISTED if name != "connector:snapshot"}


@pytest.fixture(scope="module")
def inv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inv]:
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("links") / "checkout"))
    inv.set_limits({"baseline": LIMITS, "resilience": LIMITS, "recovery": {"default": {"lost": 0}}})
    own = inv.checkout.own_scenarios_file
    scenarios = read(own) if own.exists() else {}
    own.write_text(json.dumps({**scenarios, "resilience": {"faults": list(LISTED)}}))
    inv.checkout.own_faults_file.write_text(json.dumps(SHORT))
    yield inv
    inv("down")


def test_a_stack_without_proxies_is_refused(inv: Inv) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    completed = inv("perf", "--fault", "partition:kafka-consumer@10s")
    assert completed.exit_code == ExitCode.STACK
    assert "the stack has none" in completed.output
    assert "inv down, then this command again" in completed.output
    assert inv("down").exit_code == ExitCode.PASS


def test_each_fault_of_a_list_is_proved_and_recovered_from(inv: Inv) -> None:
    completed = inv.measured("--scenarios", "resilience", "--keep")
    assert completed.exit_code == ExitCode.PASS, completed.output
    found = read(inv.run_of(completed) / "resilience" / "recovery.json")["recoveries"]
    assert [each["injection"]["fault"] for each in found] == list(LISTED)
    for each in found:
        assert LISTED[each["injection"]["fault"]] in each["injection"]["proof"]
        assert each["measures"][LOST]["value"] == 0
        assert each["measures"][CATCH_UP]["value"] is not None
    partition, _, reset, disk, _ = found
    for each, least in ((partition, 2), (reset, 1), (disk, 3)):
        assert each["measures"][OUTAGE]["value"] > least
    status = {x["name"]: x["state"] for x in json.loads(inv("status", "--json").output)}
    assert status["toxiproxy"] == "running"


def test_an_interruption_restores_the_link_and_so_does_up_after_a_kill(inv: Inv) -> None:
    words = ("perf", "--scenarios", "baseline", "--duration", "60s")
    endpoints = Endpoints.read(inv.checkout.endpoints_file, "local")
    assert endpoints is not None
    toxiproxy = Toxiproxy(endpoints.toxiproxy_url)

    def impaired() -> None:
        if list(toxiproxy.affected()) != ["kafka-consumer"]:
            raise NotReady("the link is not impaired")

    for number, expected in ((signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGKILL, None)):
        known = inv.runs()
        running = inv.start(*words, "--fault", "partition:kafka-consumer@5s")
        inv.wait_for_load("baseline", known)
        wait_until(impaired, what="the fault", deadline_seconds=30)
        running.signal(number)
        assert running.ended_within(60)
        if expected is not None:
            assert running.wait().exit_code == expected
            assert not list(toxiproxy.affected())
    refused = inv("perf", "--scenarios", "baseline", "--duration", "10s")
    assert refused.exit_code == ExitCode.STACK
    assert "the link kafka-consumer was impaired by a run that was killed" in refused.output
    again = inv("up")
    assert again.exit_code == ExitCode.PASS, again.output
    assert not list(toxiproxy.affected())
