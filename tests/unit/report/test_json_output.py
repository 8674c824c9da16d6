from pathlib import Path

import msgspec

from cdc_perf.report.json_output import outcome_json
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from tests.unit.recorded_runs import SLOW, row


def test_a_run_is_read_back_as_it_is_on_disk() -> None:
    rows = [row("baseline"), row("spike", SLOW)]
    run = judge_run([x.verdict for x in rows])
    content = msgspec.json.decode(outcome_json(Path("/results/x"), run, rows, {"spike": "no"}))
    assert content["folder"] == "/results/x"
    assert msgspec.convert(content["verdict"], RunVerdict) == run
    found = msgspec.convert(content["scenarios"], list[ScenarioVerdict])
    assert found == [x.verdict for x in rows]
    assert content["last_runs"] == {"spike": {"not_compared": "no"}}
