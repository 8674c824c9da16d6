"""Fixtures of the tests that type commands."""

import pytest

from cdc_perf.tasks import command


@pytest.fixture(autouse=True)
def without_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the signals of the test's own process alone."""
    monkeypatch.setattr(command, "install_handlers", lambda: None)
