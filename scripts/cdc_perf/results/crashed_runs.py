"""Clean up after killed runs: end their processes and mark them as interrupted."""

import logging
from pathlib import Path

import msgspec

from cdc_perf import process_tags
from cdc_perf.files import NOT_JSON, readable_json, write_atomically
from cdc_perf.lock import is_worked_on
from cdc_perf.results.manifest import RunStatus
from cdc_perf.results.run_folder import RunFolder

_log = logging.getLogger(__name__)


class _Status(msgspec.Struct, frozen=True):
    """The status in run.json."""

    status: RunStatus


def recover(results: Path) -> None:
    """Mark every unfinished run as interrupted, and end its k6.

    The measurements so far stay. A run that another checkout is still writing to the same folder
    stays as it is.
    """
    for path in sorted(results.glob("*/run.json")):
        folder = RunFolder(path.parent)
        try:
            text = path.read_bytes()
            status = msgspec.json.decode(text, type=_Status).status
            content = msgspec.json.decode(text)
        except (OSError, *NOT_JSON) as error:
            _log.info(f"skipped {path}, which cannot be read: {type(error).__name__}")
            continue
        if status is RunStatus.RUNNING and not is_worked_on(folder.path):
            process_tags.end_tagged_processes(folder.path)
            content["status"] = RunStatus.INTERRUPTED
            write_atomically(path, readable_json(content))
            _log.info(f"run {folder.run_id} was killed: marked as interrupted")
