"""Read comparison.json strictly, as untrusted input: a fork's pull request can write anything."""

from pathlib import Path

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.files import NOT_JSON
from cdc_perf.results.comparison import SCHEMA_VERSION, Comparison
from cdc_perf.results.comparison_folder import COMPARISONS, ComparisonFolder
from cdc_perf.results.run_folder import is_run_id, run_folders
from cdc_perf.runs.loader import UnreadableRun

_MAX_BYTES = 2_000_000
# Six hours, the longest job of GitHub, are about 2,000 slices. The time to judge grows with them.
_MOST_SLICES = 5_000


def decode_comparison(content: bytes) -> Comparison:
    """Return the content of a comparison.json.

    Raises:
        UnreadableRun: It has another form; the message quotes nothing of it.
    """
    try:
        comparison = msgspec.json.decode(content, type=Comparison)
    except NOT_JSON:
        raise UnreadableRun("comparison.json does not have the expected form") from None
    if comparison.schema_version != SCHEMA_VERSION:
        raise UnreadableRun(f"comparison.json has another version than {SCHEMA_VERSION}")
    if sum(len(start.slices) for start in comparison.starts) > _MOST_SLICES:
        raise UnreadableRun(f"comparison.json has more than {_MOST_SLICES:,} slices")
    return comparison


def find_comparison(results: Path, name: str) -> tuple[ComparisonFolder, Comparison] | None:
    """Return the comparison of two versions that a user names by its id or its folder.

    Args:
        results: The results folder.
        name: The user's input.

    Raises:
        UsageFailure: It cannot be read.
    """
    named = (results / COMPARISONS / name) if is_run_id(name) else Path(name).expanduser().resolve()
    folder = ComparisonFolder(named)
    if not folder.record.is_file():
        return None
    try:
        return folder, _read(folder)
    except UnreadableRun as error:
        raise UsageFailure(f"{named}: {error}") from None


def last_comparison(results: Path) -> Comparison | None:
    """Return the newest comparison of two versions in a results folder; None without any.

    Raises:
        UnreadableRun: It cannot be read.
    """
    # Their names are those of run folders.
    folders = map(ComparisonFolder, run_folders(results / COMPARISONS))
    found = [folder for folder in folders if folder.record.is_file()]
    return _read(found[-1]) if found else None


def _read(folder: ComparisonFolder) -> Comparison:
    try:
        with folder.record.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableRun(f"comparison.json cannot be read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise UnreadableRun(f"comparison.json is larger than {_MAX_BYTES:,} bytes")
    return decode_comparison(content)
