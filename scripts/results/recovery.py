"""Runs whose harness was killed: what they left running is ended, and they are marked."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from scripts.files import readable_json, write_atomically
from scripts.identity import ProcessIdentity
from scripts.load.files import ScenarioFiles
from scripts.results.manifest import RunStatus
from scripts.results.run_folder import RunFolder


class _Started(msgspec.Struct, frozen=True):
    """The part of run.json that says whether somebody still works on it."""

    status: RunStatus
    process: ProcessIdentity


def recover(results: Path, say: Callable[[str], None]) -> None:
    """Mark every run that its harness left unfinished as interrupted, and end its k6.

    What was measured until then stays. A run of another checkout into the same folder, which is
    still going on, is left alone.
    """
    for path in sorted(results.glob("*/run.json")):
        folder = RunFolder(path.parent)
        if _abandoned(folder.manifest):
            _end_k6(folder)
            content = msgspec.json.decode(path.read_bytes())
            content["status"] = RunStatus.INTERRUPTED
            write_atomically(path, readable_json(content))
            say(f"run {folder.run_id} was killed: it is marked as interrupted")


def _abandoned(manifest: Path) -> bool:
    try:
        started = msgspec.json.decode(manifest.read_bytes(), type=_Started)
    except (OSError, msgspec.DecodeError):
        return False
    return started.status is RunStatus.RUNNING and started.process.running() is None


def _end_k6(folder: RunFolder) -> None:
    for path in folder.path.glob(f"*/{ScenarioFiles.K6_PROCESS}"):
        identity = msgspec.json.decode(path.read_bytes(), type=ProcessIdentity)
        process = identity.running()
        if process is not None:
            process.kill()
        path.unlink()
