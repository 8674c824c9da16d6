import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.report.stack import last_logs
from cdc_perf.stack.backend import LogTail

_LOG = ("one", "two", "three")


def tails(lines: int) -> dict[str, LogTail]:
    return {"kafka": LogTail("kafka.log", _LOG[-lines:]), "connect": LogTail("connect.log", ())}


def test_each_log_stands_under_its_name() -> None:
    assert last_logs(tails, "", 2) == (
        "== kafka (kafka.log)\ntwo\nthree\n\n== connect (connect.log)\nnothing logged"
    )
    assert last_logs(tails, "kafka", 1) == "== kafka (kafka.log)\nthree"


@pytest.mark.parametrize(
    ("component", "lines", "line"),
    [
        ("kafk", 1, "--component: unknown 'kafk'; did you mean kafka?"),
        ("kafka", 0, "--lines: 0 is less than 1"),
    ],
)
def test_a_wrong_question_is_one_line(component: str, lines: int, line: str) -> None:
    with pytest.raises(UsageFailure) as caught:
        last_logs(tails, component, lines)
    assert str(caught.value) == line
