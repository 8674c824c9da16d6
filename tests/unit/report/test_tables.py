import json
from pathlib import Path

import pytest

from scripts.errors import UsageFailure
from scripts.report.doctor import diagnosis_json, diagnosis_table
from scripts.report.logs import last_logs
from scripts.report.stack import connector_table, status_json, status_table
from scripts.stack.component import ComponentStatus
from scripts.stack.connect_api import ConnectorStatus, TaskStatus
from scripts.stack.local.diagnosis import Finding, Health

STATUSES = (
    ComponentStatus("postgres", "18.6.3", "running", 17, 20_000, 150 * 1024 * 1024, 61.9),
    ComponentStatus("kafka", "4.3.1", "stopped", None, None, None, None),
)


def test_the_state_of_the_stack_is_an_aligned_table() -> None:
    assert status_table(STATUSES).splitlines() == [
        "component    version    state      pid    port    memory    uptime",
        "-----------  ---------  -------  -----  ------  --------  --------",
        "postgres     18.6.3     running     17   20000   150 MiB      1m1s",
        "kafka        4.3.1      stopped      -       -         -         -",
    ]


def test_the_state_of_the_stack_for_programs_has_bytes_and_seconds() -> None:
    first, second = json.loads(status_json(STATUSES))
    assert (first["memory"], first["uptime"], first["port"]) == (157_286_400, 61.9, 20_000)
    assert (second["state"], second["pid"]) == ("stopped", None)


def test_a_failed_task_shows_the_first_line_of_its_trace() -> None:
    task = TaskStatus(0, "FAILED", "java.lang.Error: no slot\n\tat a.b(C.java:1)")
    status = ConnectorStatus("postgres-cdc-connector", "RUNNING", "", (task,))
    lines = connector_table(status).splitlines()
    assert lines[-1] == "task 0 FAILED: java.lang.Error: no slot"
    assert not any("C.java" in line for line in lines)


@pytest.mark.parametrize(
    ("healths", "sentence"),
    [
        ((Health.OK, Health.OK), "Ready."),
        ((Health.OK, Health.MISSING), "Ready; the first `inv up` gets what is missing: b."),
        ((Health.WRONG, Health.MISSING), "To be mended first: a."),
    ],
)
def test_a_diagnosis_ends_with_what_it_comes_to(
    healths: tuple[Health, Health], sentence: str
) -> None:
    findings = [
        Finding(what=what, health=health, found="x", remedy="")
        for what, health in zip("ab", healths, strict=True)
    ]
    assert diagnosis_table(findings).splitlines()[-1] == sentence
    assert [x["health"] for x in json.loads(diagnosis_json(findings))] == list(healths)


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "kafka.log").write_text("one\ntwo\n\nthree\n", encoding="utf-8")
    return {"kafka": tmp_path / "kafka.log", "connect": tmp_path / "connect.log"}


def test_the_last_lines_of_every_log(logs: dict[str, Path]) -> None:
    blocks = last_logs(logs, "", 2).split("\n\n")
    assert [block.splitlines()[1:] for block in blocks] == [["two", "three"], ["nothing logged"]]
    assert last_logs(logs, "kafka", 1).splitlines()[1:] == ["three"]


@pytest.mark.parametrize(
    ("component", "lines", "said"),
    [("kafkas", 1, "did you mean kafka"), ("", 0, "--lines: 0")],
)
def test_what_is_no_log_is_refused(
    logs: dict[str, Path], component: str, lines: int, said: str
) -> None:
    with pytest.raises(UsageFailure, match=said):
        last_logs(logs, component, lines)
