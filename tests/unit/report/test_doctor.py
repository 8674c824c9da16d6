import json

import pytest

from cdc_perf.report.stack import diagnosis_json, diagnosis_table
from cdc_perf.stack.local.diagnosis import CheckResult, Health

OK = CheckResult(what="system", health=Health.OK, found="Linux")
MISSING = CheckResult(
    what="k6", health=Health.MISSING, found="k6 1.8.1", remedy="inv tools.install"
)
WRONG = CheckResult(what="memory", health=Health.WRONG, found="1.0 GiB", remedy="free some")


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ((OK,), "Ready."),
        ((OK, MISSING), "Ready. The first `inv up` downloads what is missing: k6."),
        ((OK, MISSING, WRONG), "Fix first: memory."),
    ],
)
def test_the_last_line_says_whether_one_can_begin(
    findings: tuple[CheckResult, ...], sentence: str
) -> None:
    lines = diagnosis_table(findings).splitlines()
    assert lines[-1] == sentence
    assert [line.split()[0] for line in lines[2 : 2 + len(findings)]] == [x.what for x in findings]


def test_programs_get_the_same() -> None:
    assert json.loads(diagnosis_json((WRONG,))) == [
        {"what": "memory", "health": "wrong", "found": "1.0 GiB", "remedy": "free some"}
    ]
