"""Faults planted on purpose: what the command says, what it exits with, and when all is gone.

Every test adds a row to a table; `nox -s faults` writes it to docs/faults.md.
"""

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from tabulate import tabulate

from scripts import marks, process
from scripts.errors import ExitCode
from scripts.files import write_atomically
from scripts.ports import is_free
from scripts.process import Completed
from scripts.stack.local.backend import LocalState
from scripts.stack.local.layout import Layout
from scripts.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, processes_of

OPTION = "--fault-table"
_HEADERS = ("fault", "command", "says", "exit", "clean after (s)")
_ABOUT = """\
# Faults, and what comes of them

Written by `nox -s faults`: each row is a test in `tests/integration/faults/`, on the real stack.
"Clean" means that nothing of ours is left: no process, no port, no half-written file. It is counted
from a signal or a kill; where a command has to find the fault itself, from the command's start.

"""
# Stopping what was started: the promise to whoever presses Ctrl-C.
CLEAN_SECONDS = 15.0
_LONGEST_LINE = 150


@dataclass
class FaultTable:
    """The rows that the tests leave."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self,
        fault: str,
        command: str,
        completed: Completed,
        *,
        said: str,
        code: ExitCode,
        seconds: float,
    ) -> None:
        """Check what came of a fault, and note it.

        Args:
            fault: What was done.
            command: What was run, as a user types it.
            completed: How it ended.
            said: What one of its lines has to hold.
            code: What it has to exit with.
            seconds: How long it took until all was clean.
        """
        lines = (completed.output or "\n".join(completed.last_lines)).splitlines()
        text = "\n".join(lines)
        assert completed.exit_code == code, text
        assert "Traceback" not in text, text
        found = [line for line in lines if said in line]
        assert found, text
        self.rows.append((fault, f"`{command}`", _tidy(found[0]), f"{code:d}", f"{seconds:.1f}"))

    def markdown(self) -> str:
        """Return the table."""
        return _ABOUT + tabulate(self.rows, _HEADERS, tablefmt="pipe", disable_numparse=True) + "\n"


def _tidy(line: str) -> str:
    """Return a line without the names of temporary folders, and not for ever long."""
    tidy = re.sub(rf"{tempfile.gettempdir()}/\S*?/(?=\w+[\s:/,]|$)", ".../", line.strip(" -"))
    tidy = tidy if len(tidy) <= _LONGEST_LINE else tidy[:_LONGEST_LINE] + "..."
    return tidy.replace("|", "\\|").replace("<", "\\<")


_TABLE = pytest.StashKey[FaultTable]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, help="write the table of faults to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLE] = FaultTable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    path = session.config.getoption(OPTION, default=None)
    if path is not None and exitstatus == pytest.ExitCode.OK:
        write_atomically(Path(path), session.config.stash[_TABLE].markdown())


@pytest.fixture
def table(request: pytest.FixtureRequest) -> FaultTable:
    return request.config.stash.setdefault(_TABLE, FaultTable())


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Inv]:
    """A checkout of its own, without a stack; whatever is left in it is ended."""
    inv = Inv(copy_checkout(tmp_path / "checkout"))
    yield inv
    if ports_of(inv):
        inv("down")
    marks.end_started_for(inv.checkout.root)


def ports_of(inv: Inv) -> tuple[int, ...]:
    """Return the ports of a checkout's stack; none where there is no stack."""
    try:
        state = msgspec.json.decode(Layout(inv.checkout.stack).state.read_bytes(), type=LocalState)
    except FileNotFoundError:
        return ()
    return tuple(msgspec.structs.asdict(state.ports).values())


def seconds_until_clean(inv: Inv, ports: Sequence[int], since: float) -> float:
    """Wait until nothing of a checkout runs or listens, and return how long after `since` that was.

    A folder of the tool cache that a test has made for itself lies in the checkout, and counts.
    """
    root = inv.checkout.root

    def probe() -> float:
        left = processes_of(root) or [str(x) for x in marks.started_for(root)]
        left += [f"port {port}" for port in ports if not is_free(port)]
        if left:
            raise NotReady("; ".join(left)[:500])
        return time.monotonic() - since

    seconds = wait_until(probe, what="the end of everything", deadline_seconds=30)
    assert seconds <= CLEAN_SECONDS
    return seconds


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory; skip the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    words: list[str | Path] = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if process.run(words, check=False).exit_code:
        pytest.skip("a full disk is a small file system, and mounting one takes root")
    with ExitStack() as stack:
        stack.callback(process.run, ["umount", "--lazy", folder])
        yield folder
