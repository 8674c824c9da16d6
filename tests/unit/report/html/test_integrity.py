"""What the page says of a scenario's integrity."""

from pathlib import Path

import msgspec
import pytest

from cdc_perf.files import readable_json
from cdc_perf.integrity.check import unchecked
from cdc_perf.integrity.records import (
    Drain,
    Finding,
    FindingKind,
    Integrity,
    LastSeen,
    RowSample,
    SinkType,
)
from cdc_perf.report.html.integrity import integrity_sentence, integrity_view
from cdc_perf.report.html.page import page
from cdc_perf.runs.run_data import read_run_data
from tests.unit.measured import CLEAN
from tests.unit.recorded_runs import row, write_run
from tests.unit.report.html.parsed import parsed

SAMPLES = tuple(
    RowSample(id=f"id-{n}", last_seen=LastSeen.CONSUMER, detail="<b>offset 7</b>") for n in range(2)
)
STUCK = Drain(seconds=60.0, outstanding=("consumer group g: 5 events are not committed",))


def found(kind: FindingKind, excused: str = "") -> Integrity:
    finding = Finding(kind=kind, table="public.customer", count=3, samples=SAMPLES, excused=excused)
    return msgspec.structs.replace(CLEAN, findings=(finding,))


def text_of(tmp_path: Path, integrity: Integrity | bytes | None) -> str:
    folder = write_run(tmp_path, [row("health-check"), row("baseline")])
    path = folder / "baseline" / "integrity.json"
    if integrity is None:
        path.unlink()
    else:
        path.write_bytes(integrity if isinstance(integrity, bytes) else readable_json(integrity))
    return parsed(page([read_run_data(folder)])).text


@pytest.mark.parametrize(
    ("integrity", "said"),
    [
        (
            CLEAN,
            "read 602 events, looked up 600 acknowledged writes: nothing was lost or changed.",
        ),
        (
            msgspec.structs.replace(CLEAN, acknowledged=None),
            "Compared 600 rows with 600 documents, read 602 events: nothing was lost or changed.",
        ),
        (found(FindingKind.MISSING), "600 acknowledged writes: 3 were lost or changed."),
        (
            found(FindingKind.DUPLICATE),
            "nothing was lost or changed, 3 events were repeated, out of order, or unreadable.",
        ),
        (
            msgspec.structs.replace(CLEAN, drain=STUCK),
            "Unknown: the pipeline did not drain.",
        ),
    ],
)
def test_the_outcome_in_a_sentence(integrity: Integrity, said: str) -> None:
    assert integrity_sentence(integrity).endswith(said)


def test_what_was_compared_and_found_is_shown(tmp_path: Path) -> None:
    text = text_of(tmp_path, found(FindingKind.STALE))
    assert "Compared 600 rows with 600 documents" in text
    assert "public.customer 600 600 none" in text
    assert "public.customer stale 3 id-0 consumer <b>offset 7</b>" in text
    assert "id-1 consumer" in text


def test_another_sink_has_no_documents(tmp_path: Path) -> None:
    text = text_of(
        tmp_path, msgspec.structs.replace(found(FindingKind.STALE), sink=SinkType.POSTGRES)
    )
    assert "Compared 600 rows with 600 rows in the sink, read 602 events" in text
    assert "table rows rows in the sink columns not compared" in text


def test_an_excuse_and_a_column_that_was_left_out_are_shown(tmp_path: Path) -> None:
    table = msgspec.structs.replace(CLEAN.tables[0], not_compared=("span interval",))
    excused = msgspec.structs.replace(
        found(FindingKind.DUPLICATE, "kafka restarted"), tables=(table,)
    )
    text = text_of(tmp_path, excused)
    assert "duplicate is not an error: kafka restarted" in text
    assert "span interval" in text


def test_of_many_findings_some_are_shown() -> None:
    finding = found(FindingKind.EXTRA).findings[0]
    view = integrity_view(msgspec.structs.replace(CLEAN, findings=(finding,) * 30))
    assert (len(view.findings), view.more) == (50, 10)


@pytest.mark.parametrize(
    ("integrity", "said"),
    [
        (None, "Row-by-row comparison of source and sink: not checked in this run"),
        (
            unchecked("connect does not run"),
            "comparison of source and sink: connect does not run",
        ),
        (b"{", "baseline: integrity.json is invalid"),
    ],
)
def test_why_there_is_nothing_is_reported(
    tmp_path: Path, integrity: Integrity | bytes | None, said: str
) -> None:
    assert said in text_of(tmp_path, integrity)
