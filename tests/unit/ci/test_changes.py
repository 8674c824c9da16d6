import json
from pathlib import Path

import pytest

from cdc_perf.ci.changes import merge_group_base
from cdc_perf.errors import UsageFailure

BASE = "b" * 40


def test_the_base_of_a_merge_group_is_that_of_its_event(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    group = {"base_sha": BASE, "head_sha": "a" * 40, "base_ref": "refs/heads/main"}
    event.write_text(json.dumps({"action": "checks_requested", "merge_group": group}))
    assert merge_group_base({"GITHUB_EVENT_PATH": str(event)}) == BASE


@pytest.mark.parametrize("content", ["", "{}", '{"merge_group": {}}', '{"pull_request": {}}'])
def test_another_event_is_refused(tmp_path: Path, content: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(content)
    for path in (event, tmp_path / "nothing"):
        with pytest.raises(UsageFailure):
            merge_group_base({"GITHUB_EVENT_PATH": str(path)})
