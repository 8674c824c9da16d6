from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from cdc_perf.faults.recovery import Measure
from cdc_perf.report.changes import changes_of, changes_table, incomparable
from cdc_perf.results.summary import NoSummary
from cdc_perf.runs.row import Row
from cdc_perf.runs.run_set import RecordedRun, RecordedScenario
from tests.unit.recorded_runs import FAST, LOSSY, MACHINE, manifest, row
from tests.unit.recoveries import KILLED, UNSEEN


def measured(
    found: Row, number: int = 0, how: Mapping[str, Any] = MappingProxyType({})
) -> RecordedScenario:
    return RecordedScenario(RecordedRun(manifest([found], number, **how), (found,)), found)


NOW = measured(row("baseline"))


def test_the_same_load_on_the_same_machine_can_be_compared() -> None:
    assert incomparable(measured(row("baseline", FAST), number=5), NOW) == ""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"stack": "compose"}, "different stack"),
        ({"duration": 61}, "different load"),
        ({"environment": ""}, "different threshold environment"),
        ({"machine": msgspec.structs.replace(MACHINE, cores=8)}, "different machine"),
        ({"machine": msgspec.structs.replace(MACHINE, cpu="other")}, "different machine"),
        ({"machine": msgspec.structs.replace(MACHINE, memory=2**34 * 2)}, "different machine"),
        ({"mongodb": "mongod 8.0.4"}, "different MongoDB server"),
        ({"mongodb": "another server (stand-in)"}, "different MongoDB server"),
        ({"stack": "compose", "duration": 61}, "different stack, different load"),
    ],
)
def test_what_measures_something_else_cannot(how: dict[str, Any], said: str) -> None:
    assert incomparable(measured(row("baseline"), how=how), NOW) == said


@pytest.mark.parametrize(
    "changes", [{"system": "Linux 6.9.9"}, {"python": "3.11.9"}, {"memory": 2**34 - 4096}]
)
def test_a_new_image_of_the_same_machine_is_the_same_machine(changes: dict[str, Any]) -> None:
    machine = msgspec.structs.replace(MACHINE, **changes)
    assert incomparable(measured(row("baseline"), how={"machine": machine}), NOW) == ""


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("nx-27017 0.8.1 (stand-in)", "nx-27017 0.9.0 (stand-in)"),
        ("mongod 8.0.4", "mongod 8.2.0"),
        ("mongo:8.0.4 (1a2b)", "mongo:8.2.0 (3c4d)"),
    ],
)
def test_another_version_of_the_same_server_can_be_compared(before: str, now: str) -> None:
    old, new = (measured(row("baseline"), how={"mongodb": each}) for each in (before, now))
    assert incomparable(old, new) == ""


def test_without_a_summary_there_is_nothing_to_compare() -> None:
    lost = replace(NOW, row=Row(NOW.row.verdict, NoSummary("lost")))
    assert incomparable(lost, NOW) == "no summary in the base run"
    assert incomparable(NOW, lost) == "no summary in this run"


def test_both_values_their_samples_and_the_change_stand_side_by_side() -> None:
    table = changes_table({"baseline": (NOW, measured(row("baseline", LOSSY)))})
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()]
    assert cells[0] == [
        *("scenario", "metric", "before", "samples before", "now", "samples now", "change"),
    ]
    assert cells[2] == ["baseline", "e2e p50, ms", "36.4", "540", "36.4", "540", "none"]
    assert cells[5] == ["baseline", "iterations/s", "10", "600", "10", "600", "none"]
    assert cells[6] == ["baseline", "errors", "0", "600", "12", "600", "+12"]


def test_each_fault_that_both_runs_have_is_compared() -> None:
    slower = msgspec.structs.replace(
        KILLED, measures={**KILLED.measures, "outage_seconds": Measure(6.52, 300)}
    )
    before, now = (
        replace(row("baseline"), recoveries=each) for each in ((KILLED, UNSEEN), (slower,))
    )
    changes = {each.figure: each for each in changes_of(before, now)}
    assert [name for name in changes if "kill" in name] == [
        *("kill:connect: outage, s", "kill:connect: caught up, s"),
        *("kill:connect: latency back, s", "kill:connect: staleness, s"),
    ]
    outage = changes["kill:connect: outage, s"]
    assert (outage.before.value, outage.now.value, outage.delta) == (3.26, 6.52, "+100.0%")
    assert not [name for name in changes if "Kafka to consumer" in name]
    same = {each.figure: each for each in changes_of(before, before)}
    # How long the second outage was is not known.
    assert same["kill:mongodb: outage, s"].before.value is None
