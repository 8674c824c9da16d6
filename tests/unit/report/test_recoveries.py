"""The recovery from faults: as a table, on the page, and in Markdown."""

import pytest

from cdc_perf.faults.recovery import Measure
from cdc_perf.report.html.recovery import HEADERS, recovery_rows
from cdc_perf.report.recoveries import measure_text, recoveries_text, recovery_cells
from cdc_perf.settings.metrics import SLOT_RETAINED_BYTES
from cdc_perf.settings.recovery import DUPLICATES, OUTAGE
from tests.unit.recoveries import KILLED, UNSEEN


def test_a_recovery_is_a_row() -> None:
    assert recovery_cells(KILLED) == [
        *("kill:connect", "0.13", "3.26", "3.30", "4.00", "3.22", "76.6 KiB", "0", "12")
    ]
    assert recovery_cells(UNSEEN)[:4] == ["kill:mongodb", "-", "> 40.00", "-"]


@pytest.mark.parametrize(
    ("name", "measure", "text"),
    [
        (OUTAGE, Measure(1234.5, 1), "1,234.50"),
        (SLOT_RETAINED_BYTES, Measure(2_663_383.0, 1), "2.54 MiB"),
        (DUPLICATES, Measure(1500.0, 1), "1,500"),
    ],
)
def test_a_measure_has_its_unit(name: str, measure: Measure, text: str) -> None:
    assert measure_text(name, measure) == text


def test_the_table_is_followed_by_the_proofs() -> None:
    lines = recoveries_text((KILLED, UNSEEN)).splitlines()
    assert lines[0].split() == [
        *("fault", "detected", "s", "outage", "s", "caught", "up", "s", "latency", "back", "s"),
        *("staleness", "s", "slot", "lost", "duplicates"),
    ]
    assert lines[-2] == (
        "kill:connect: 1 process (9) ended by SIGKILL; detected: Kafka Connect does not answer"
    )
    assert lines[-1].endswith("; no signal showed it")
    assert recoveries_text(()) == ""


def test_the_timelines_of_a_page_have_one_scale() -> None:
    killed, unseen = recovery_rows((KILLED, UNSEEN))
    assert len(killed.cells) == len(HEADERS)
    assert [moment.what for moment in killed.moments] == [
        *("detected", "first change through", "caught up", "latency back")
    ]
    assert killed.moments[-1].text == "4.00 s"
    assert killed.moments[-1].share == pytest.approx(0.1)
    assert killed.down == pytest.approx(0.0825)
    assert unseen.down == 1.0
    assert [moment.what for moment in unseen.moments] == ["latency back", "first change through"]
    assert unseen.unknown == (
        "detection_seconds: no signal showed it",
        "catch_up_seconds: changes were not seen",
    )
