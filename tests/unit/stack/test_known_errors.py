import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdc_perf.reasons import hints
from cdc_perf.reasons.reason import Reason
from cdc_perf.stack.local.known_errors import remedy, remedy_for_disk


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("PANIC:  could not write to file: No space left on device", hints.disk_full()),
        (
            "Error occurred during initialization of VM\nCould not reserve enough space",
            hints.memory_too_small(),
        ),
        ("java.net.BindException: Address already in use", hints.port_taken()),
        ("couldn't exec /cache/jdk/bin/java: ENOEXEC", hints.tool_cache_damaged()),
        ("java: error while loading shared libraries: libjli.so", hints.tool_cache_damaged()),
        (
            "Could not allocate compressed class space: 1073741824 bytes",
            hints.memory_too_small(),
        ),
        (
            "Error: The minimum number of file descriptors required",
            hints.open_files_exhausted(),
        ),
        ("accept: Too many open files", hints.open_files_exhausted()),
    ],
)
def test_what_a_component_complains_of_has_a_remedy(line: str, hint: Reason) -> None:
    assert remedy(("first line", *line.splitlines())) == hint.text


def test_other_words_have_none() -> None:
    assert remedy(("ERROR: relation does not exist", "memory is fine")) == ""
    assert remedy(()) == ""


@pytest.mark.parametrize(("free_mib", "said"), [(0, hints.disk_full().text), (17, "")])
def test_a_full_disk_has_a_remedy_where_no_log_can_tell(
    free_mib: int, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_mib * 1024**2))
    assert remedy_for_disk(tmp_path) == said


def test_a_disk_that_cannot_be_asked_has_none(tmp_path: Path) -> None:
    assert remedy_for_disk(tmp_path / "missing") == ""
