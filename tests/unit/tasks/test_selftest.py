from pathlib import Path

import pytest
from invoke import Context, Exit

from cdc_perf.errors import ExitCode
from cdc_perf.selftest import trial
from cdc_perf.selftest.outcome import TrialOutcome, outcome_of
from cdc_perf.settings.paths import Checkout
from cdc_perf.tasks.selftest import selftest
from tests.unit.selftest.verdicts import fault, gate, said

FAULT = fault(ExitCode.FAIL, "rows", "missing")
RED = outcome_of(FAULT, said(ExitCode.FAIL, gate("rows", "1 is missing")), ExitCode.FAIL, 9)
GREEN = outcome_of(FAULT, said(ExitCode.PASS, gate("rows")), ExitCode.PASS, 9)


@pytest.fixture
def document(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """docs/verdicts.md of a checkout that is not there yet."""
    monkeypatch.setattr(Checkout, "here", lambda: Checkout.at(tmp_path, {}))
    return tmp_path / "docs" / "verdicts.md"


def came_to(monkeypatch: pytest.MonkeyPatch, *outcomes: TrialOutcome) -> None:
    monkeypatch.setattr(trial, "try_faults", lambda _faults, _checkout: outcomes)


def test_a_gate_that_stays_green_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came_to(monkeypatch, RED, GREEN)
    with pytest.raises(Exit) as exit_:
        selftest(Context(), write=True)
    assert exit_.value.code == ExitCode.INVALID
    assert capsys.readouterr().out.endswith("wrong: lost-event: rows did not fail\n")
    assert not document.exists()


def test_the_document_is_written_where_all_is_as_expected(
    monkeypatch: pytest.MonkeyPatch, document: Path
) -> None:
    came_to(monkeypatch, RED)
    selftest(Context(), write=True)
    assert "1 is missing" in document.read_text(encoding="utf-8")


def test_programs_get_json(
    monkeypatch: pytest.MonkeyPatch, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came_to(monkeypatch, RED)
    selftest(Context(), json=True)
    assert '"fault": "lost-event"' in capsys.readouterr().out
    assert not document.exists()


def test_some_faults_are_not_the_document(document: Path) -> None:
    with pytest.raises(Exit, match="omit --only") as exit_:
        selftest(Context(), only="duplicate", write=True)
    assert exit_.value.code == ExitCode.USAGE
