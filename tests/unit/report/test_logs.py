from pathlib import Path

import pytest

from scripts.errors import UsageFailure
from scripts.report.logs import last_logs


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "kafka.log").write_text("one\ntwo\nthree\n", encoding="utf-8")
    return {name: tmp_path / f"{name}.log" for name in ("kafka", "connect")}


def test_each_log_stands_under_its_name(files: dict[str, Path]) -> None:
    assert last_logs(files, "", 2) == (
        f"== kafka ({files['kafka']})\ntwo\nthree\n\n"
        f"== connect ({files['connect']})\nnothing logged"
    )
    assert last_logs(files, "kafka", 1) == f"== kafka ({files['kafka']})\nthree"


@pytest.mark.parametrize(
    ("component", "lines", "line"),
    [
        ("kafk", 1, "--component: unknown 'kafk'; did you mean kafka?"),
        ("kafka", 0, "--lines: 0 is not a number of lines"),
    ],
)
def test_a_wrong_question_is_one_line(
    files: dict[str, Path], component: str, lines: int, line: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        last_logs(files, component, lines)
    assert str(caught.value) == line
