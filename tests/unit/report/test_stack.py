import json

from cdc_perf.report.stack import connector_json, connector_table, status_json, status_table
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.connect_api import ConnectorStatus, TaskStatus
from cdc_perf.stack.connector_health import assess, status_rows

RUNNING = ComponentStatus("kafka", "4.3.1", "running", 4711, 20_002, 300 * 1024 * 1024, 3723.9)
STOPPED = ComponentStatus("consumer", "", "stopped", None, None, None, None)
TRACE = "a.Error: outer\n\tat b\nCaused by: c.d.Inner: gone\n\tat e"
FAILED_TASKS = (TaskStatus(0, "RUNNING", ""), TaskStatus(1, "FAILED", TRACE))
FAILED = assess("cdc", ConnectorStatus("cdc", "RUNNING", "", FAILED_TASKS))


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


def test_a_failed_task_shows_its_root_cause_and_its_whole_trace_to_programs() -> None:
    lines = connector_table(FAILED).splitlines()
    assert [line.split() for line in lines[2:4]] == [["cdc", "RUNNING"], ["task", "0", "RUNNING"]]
    assert "Inner: gone" in lines[-1]
    content = json.loads(connector_json(FAILED))
    assert content["tasks"][1]["trace"] == TRACE
    assert content["condition"] == "failed"
    (failure,) = content["failures"]
    assert (failure["who"], failure["code"], failure["cause"]) == (
        "task 1",
        "unknown",
        "Inner: gone",
    )
    assert failure["remedy"]


def test_the_status_of_the_stack_has_a_row_for_the_connector_and_each_task() -> None:
    rows = status_rows([FAILED])
    assert [(row.name, row.state) for row in rows] == [
        ("connector", "running"),
        ("connector task 0", "running"),
        ("connector task 1", "failed"),
    ]
    assert [bool(row.detail) for row in rows] == [False, False, True]
    assert "Inner: gone" in status_table(rows).splitlines()[-1]
    assert json.loads(status_json(rows))[2]["detail"] == rows[2].detail


def test_a_paused_connector_says_so() -> None:
    paused = assess("cdc", ConnectorStatus("cdc", "PAUSED", "", ()))
    assert len(connector_table(paused).splitlines()) == 4
    assert json.loads(connector_json(paused))["condition"] == "paused"
    (row,) = status_rows([paused])
    assert (row.state, bool(row.detail)) == ("paused", True)


def test_the_sink_connector_is_shown_after_the_sources() -> None:
    running = assess("source", ConnectorStatus("source", "RUNNING", "", FAILED_TASKS[:1]))
    lines = connector_table(running, FAILED).splitlines()
    assert [line.split() for line in lines[2:6]] == [
        ["source", "RUNNING"],
        ["task", "0", "RUNNING"],
        ["cdc", "RUNNING"],
        ["task", "0", "RUNNING"],
    ]
    assert "Inner: gone" in lines[-1]
    content = json.loads(connector_json(running, FAILED))
    assert (content["name"], content["condition"]) == ("source", "running")
    assert content["sink_connector"]["condition"] == "failed"
    assert content["sink_connector"]["failures"][0]["cause"] == "Inner: gone"
    assert "sink_connector" not in json.loads(connector_json(running))
