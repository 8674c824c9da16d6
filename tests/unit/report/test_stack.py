import json

from scripts.report.stack import connector_json, connector_table, status_json, status_table
from scripts.stack.component import ComponentStatus
from scripts.stack.connect_api import ConnectorStatus, TaskStatus

RUNNING = ComponentStatus("kafka", "4.3.1", "running", 4711, 20_002, 300 * 1024 * 1024, 3723.9)
STOPPED = ComponentStatus("consumer", "", "stopped", None, None, None, None)
FAILED = ConnectorStatus(
    "cdc",
    "RUNNING",
    "",
    (TaskStatus(0, "RUNNING", ""), TaskStatus(1, "FAILED", "a.Error: gone\n\tat b")),
)


def test_a_component_is_a_line_and_what_is_not_known_a_dash() -> None:
    lines = status_table([RUNNING, STOPPED]).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["kafka", "4.3.1", "running", "4711", "20002", "300", "MiB", "1h2m3s"],
        ["consumer", "-", "stopped", "-", "-", "-", "-"],
    ]
    assert len({len(line) for line in lines}) == 1


def test_programs_get_bytes_and_seconds() -> None:
    kafka, consumer = json.loads(status_json([RUNNING, STOPPED]))
    assert (kafka["memory"], kafka["uptime"], kafka["pid"]) == (314_572_800, 3723.9, 4711)
    assert (consumer["state"], consumer["pid"]) == ("stopped", None)


def test_a_failed_task_shows_the_first_line_of_its_trace_and_all_of_it_to_programs() -> None:
    lines = connector_table(FAILED).splitlines()
    assert [line.split() for line in lines[2:4]] == [["cdc", "RUNNING"], ["task", "0", "RUNNING"]]
    assert lines[-1] == "task 1 FAILED: a.Error: gone"
    assert json.loads(connector_json(FAILED))["tasks"][1]["trace"] == "a.Error: gone\n\tat b"
