"""The artifact of a workflow run: a zip file that a stranger may have made.

Only the few small files that are read are written, each under a name of ours.
"""

import re
import stat
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from cdc_perf.results.run_folder import RUN_ID_PATTERN
from cdc_perf.runs.loader import UnreadableRun

MAX_DOWNLOAD_BYTES = 200_000_000
_MAX_ENTRIES = 20_000
_MAX_FILE_BYTES = 2_000_000
_MAX_TOTAL_BYTES = 50_000_000
# What upload-artifact writes. The other methods decompress a block of any size at once.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def unpack(archive: Path, target: Path, scenarios: Collection[str]) -> None:
    """Write the files of run folders that are read here; the raw points and logs are left out.

    Args:
        archive: The zip file.
        target: A folder; a file that is already in it is not replaced.
        scenarios: The names of scenarios that there are.

    Raises:
        Unreadable: It is not a zip file, leads out of its folder, is made to fill the disk, or
            holds a file that another artifact holds too.
    """
    for name, content in _wanted(archive, scenarios):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as stream:
                stream.write(content)
        except FileExistsError:
            raise UnreadableRun("two artifacts hold the same file") from None


def _wanted(archive: Path, scenarios: Collection[str]) -> Iterator[tuple[str, bytes]]:
    names = "|".join(map(re.escape, scenarios))
    wanted = re.compile(
        rf"{RUN_ID_PATTERN}/(?:run\.json|verdict\.json|(?:{names})/(?:verdict|summary|hops)\.json)"
    )
    total = 0
    for entry, content in _entries(archive, wanted):
        total += len(content)
        if total > _MAX_TOTAL_BYTES:
            raise UnreadableRun(f"the artifact holds more than {_MAX_TOTAL_BYTES:,} bytes")
        yield entry, content


def _entries(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the entries that are wanted.

    zipfile and its decompressors raise whatever they like (OSError, LZMAError, zlib.error,
    UnicodeDecodeError, ...) on bytes that someone made up, so that any exception here is a
    finding about the archive.
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
            f"the artifact is not a zip file that can be read: {type(error).__name__}"
        ) from None


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MAX_ENTRIES:
        raise UnreadableRun(f"the artifact holds more than {_MAX_ENTRIES:,} files")
    seen: set[str] = set()
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise UnreadableRun("the artifact holds a path that leads out of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnreadableRun("the artifact holds a link")
        if entry.filename in seen:
            raise UnreadableRun("the artifact holds a file twice")
        if entry.compress_type not in _METHODS:
            raise UnreadableRun("the artifact is compressed in a way that GitHub does not use")
        seen.add(entry.filename)


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    # The archive may lie about its sizes: no more is read than is allowed.
    with opened.open(entry) as stream:
        content = stream.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise UnreadableRun(f"the artifact holds a file larger than {_MAX_FILE_BYTES:,} bytes")
    return content
