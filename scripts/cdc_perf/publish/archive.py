"""Read an artifact's zip file, which a pull request may have made."""

import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cdc_perf.runs.loader import UnreadableRun

_MAX_ENTRIES = 20_000
_MAX_FILE_BYTES = 2_000_000
_MAX_TOTAL_BYTES = 50_000_000
# The methods of upload-artifact. Other methods can decompress a block of any size at once.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def read_entries(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the entries whose whole name matches.

    Raises:
        UnreadableRun: The file is not a zip file, has paths outside its folder, or would fill the
            disk.
    """
    total = 0
    for entry, content in _entries(archive, wanted):
        total += len(content)
        if total > _MAX_TOTAL_BYTES:
            raise UnreadableRun(f"the artifact contains more than {_MAX_TOTAL_BYTES:,} bytes")
        yield entry, content


def _entries(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the wanted entries.

    On crafted bytes, zipfile and its decompressors raise any exception (OSError, LZMAError,
    zlib.error, UnicodeDecodeError, ...), so any exception here means that the archive is bad.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _check(entries)
            for entry in entries:
                if wanted.fullmatch(entry.filename):
                    yield entry.filename, _read(opened, entry)
    except UnreadableRun:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        raise UnreadableRun(
            f"the artifact is not a readable zip file: {type(error).__name__}"
        ) from None


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MAX_ENTRIES:
        raise UnreadableRun(f"the artifact contains more than {_MAX_ENTRIES:,} files")
    seen: set[str] = set()
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise UnreadableRun("the artifact contains a path outside of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnreadableRun("the artifact contains a link")
        if entry.filename in seen:
            raise UnreadableRun("the artifact contains a file twice")
        if entry.compress_type not in _METHODS:
            raise UnreadableRun("the artifact uses a compression method that GitHub does not use")
        seen.add(entry.filename)


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    # The archive may lie about its sizes, so never read more than is allowed.
    with opened.open(entry) as stream:
        content = stream.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise UnreadableRun(f"the artifact contains a file larger than {_MAX_FILE_BYTES:,} bytes")
    return content
