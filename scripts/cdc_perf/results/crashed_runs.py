"""Runs whose harness was killed: what they left running is ended, and they are marked."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from cdc_perf import process_tags
from cdc_perf.files import NOT_JSON, readable_json, write_atomically
from cdc_perf.lock import is_worked_on
from cdc_perf.results.manifest import RunStatus
from cdc_perf.results.run_folder import RunFolder


class _Status(msgspec.Struct, frozen=True):
    """The part of run.json that says how far the run came."""

    status: RunStatus


def recover(results: Path, say: Callable[[str], None]) -> None:
    """Mark every run that its harness left unfinished as interrupted, and end its k6.

    What was measured until then stays. A run of another checkout into the same folder, which is
    still going on, is left alone.
    """
    for path in sorted(results.glob("*/run.json")):
        folder = RunFolder(path.parent)
        try:
            text = path.read_bytes()
            status = msgspec.json.decode(text, type=_Status).status
            content = msgspec.json.decode(text)
        except (OSError, *NOT_JSON) as error:
            say(f"{path} cannot be read, and is skipped: {type(error).__name__}")
            continue
        if status is RunStatus.RUNNING and not is_worked_on(folder.path):
            process_tags.end_tagged_processes(folder.path)
            content["status"] = RunStatus.INTERRUPTED
            write_atomically(path, readable_json(content))
            say(f"run {folder.run_id} was killed: it is marked as interrupted")
