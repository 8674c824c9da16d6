"""The k6 of a checkout: its version, and that it is built only when a run needs it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from cdc_perf.perf import generator as module
from cdc_perf.perf.generator import load_generator
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache, Tool


def test_k6_is_built_when_a_run_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []

    def install_all(_cache: Cache, tools: Iterable[Tool]) -> None:
        installed.extend(tool.name for tool in tools)

    # No Go of the machine is asked for its version.
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(module, "install_all", install_all)
    generator = load_generator(Checkout.here(), Cache(tmp_path))
    assert installed == []
    binary = generator.install()
    assert installed == ["k6"]
    assert binary.name == "k6"
    assert binary.is_relative_to(tmp_path)
    assert generator.version[0].isdigit()
