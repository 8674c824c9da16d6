import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdc_perf.stack.local.known_errors import remedy, remedy_for_disk


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("PANIC:  could not write to file: No space left on device", "free some space"),
        ("Error occurred during initialization of VM\nCould not reserve enough space", "memory"),
        ("java.net.BindException: Address already in use", "another program took the port"),
        ("couldn't exec /cache/jdk/bin/java: ENOEXEC", "inv tools.clean"),
        ("java: error while loading shared libraries: libjli.so", "inv tools.clean"),
        ("Could not allocate compressed class space: 1073741824 bytes", "memory"),
        ("Error: The minimum number of file descriptors required", "ulimit -n"),
        ("accept: Too many open files", "ulimit -n"),
    ],
)
def test_what_a_component_complains_of_has_a_remedy(line: str, said: str) -> None:
    assert said in remedy(("first line", *line.splitlines()))


def test_other_words_have_none() -> None:
    assert remedy(("ERROR: relation does not exist", "memory is fine")) == ""
    assert remedy(()) == ""


@pytest.mark.parametrize(("free_mib", "said"), [(0, "free some space"), (17, "")])
def test_a_full_disk_has_a_remedy_where_no_log_can_tell(
    free_mib: int, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_mib * 1024**2))
    assert remedy_for_disk(tmp_path).endswith(said)
    assert bool(remedy_for_disk(tmp_path)) is bool(said)


def test_a_disk_that_cannot_be_asked_has_none(tmp_path: Path) -> None:
    assert remedy_for_disk(tmp_path / "missing") == ""
