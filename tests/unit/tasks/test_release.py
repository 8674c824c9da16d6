"""`inv release.check` as it is typed."""

import pytest

from cdc_perf.errors import ExitCode
from tests.unit.inv import inv

pytestmark = pytest.mark.usefixtures("without_signals")


def test_a_commit_that_is_not_ready_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert inv("release.check", "v9.9.9") == ExitCode.USAGE
    said = capsys.readouterr().err
    assert (
        "not ready for v9.9.9: the tag is v9.9.9, and pyproject.toml has the version 0.1.0" in said
    )
    assert "CHANGELOG.md has no section" in said
