"""The artefact of a workflow run: a zip file that a stranger may have made.

Nothing of it is written but the few small files that are read, each under a name of ours.
"""

import re
import stat
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

from scripts.report.reading import Unreadable
from scripts.results.run_folder import RUN_ID_PATTERN

MAX_DOWNLOAD_BYTES = 200_000_000
_MAX_ENTRIES = 20_000
_MAX_FILE_BYTES = 2_000_000
_MAX_TOTAL_BYTES = 50_000_000


def unpack(archive: Path, target: Path, scenarios: Collection[str]) -> None:
    """Write the files of run folders that are read here; the raw points and logs are left out.

    Args:
        archive: The zip file.
        target: A folder.
        scenarios: The names of scenarios that there are.

    Raises:
        Unreadable: It is no zip file, leads out of its folder, or is made to fill the disk.
    """
    names = "|".join(map(re.escape, scenarios))
    wanted = re.compile(
        rf"{RUN_ID_PATTERN}/(?:run\.json|verdict\.json|(?:{names})/(?:verdict|summary|hops)\.json)"
    )
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _check(entries)
            total = 0
            for entry in entries:
                if wanted.fullmatch(entry.filename):
                    content = _read(opened, entry)
                    total += len(content)
                    if total > _MAX_TOTAL_BYTES:
                        raise Unreadable(f"the artefact holds more than {_MAX_TOTAL_BYTES:,} bytes")
                    path = target / entry.filename
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise Unreadable(f"the artefact is no zip file that can be read: {error}") from None


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MAX_ENTRIES:
        raise Unreadable(f"the artefact holds more than {_MAX_ENTRIES:,} files")
    seen: set[str] = set()
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise Unreadable("the artefact holds a path that leads out of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise Unreadable("the artefact holds a link")
        if entry.filename in seen:
            raise Unreadable("the artefact holds a file twice")
        seen.add(entry.filename)


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    # What the archive says of its sizes may be a lie: no more is taken than may be.
    with opened.open(entry) as stream:
        content = stream.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise Unreadable(f"the artefact holds a file larger than {_MAX_FILE_BYTES:,} bytes")
    return content
