"""The results of a workflow run, downloaded and read."""

import re
import stat
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import results_name, scenario_results_name
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.results.run_folder import RUN_ID_PATTERN
from cdc_perf.runs.loader import UnreadableRun, read_attempts
from cdc_perf.runs.run_set import RunSet

MAX_DOWNLOAD_BYTES = 200_000_000
_MAX_ENTRIES = 20_000
_MAX_FILE_BYTES = 2_000_000
_MAX_TOTAL_BYTES = 50_000_000
# What upload-artifact writes. The other methods decompress a block of any size at once.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Artifact(msgspec.Struct, frozen=True):
    """An artifact as GitHub lists it; its size is that of the zip file, in bytes."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool


class _Page(msgspec.Struct, frozen=True):
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True)
class Fetched:
    """What a workflow run left.

    Attributes:
        recorded: What could be read of it; empty where there was nothing.
        artefact: The newest one with the results of all scenarios, for a link; None: it left none,
            as when its report failed, or it has expired.
    """

    recorded: RunSet
    artefact: Artifact | None


def fetch(github: GitHub, run: WorkflowRun, scenarios: Collection[str], temporary: str) -> Fetched:
    """Download the results of a workflow run into a folder that is removed again, and read them.

    Each scenario's own artifact is read, of the last attempt that left one: where only some jobs
    are run again, the others' results are those of an earlier attempt, and the results of all
    scenarios together are missing where the report failed.

    Args:
        github: The repository.
        run: The workflow run.
        scenarios: The names of scenarios that there are.
        temporary: Where folders for a while are made; empty: the system's place.

    Raises:
        ApiFailure: GitHub said no.
    """
    pages = github.pages(f"/actions/runs/{run.id}/artifacts", _Page)
    listed = {x.name: x for page in pages for x in page.artifacts if not x.expired}
    chosen = [
        found for scenario in scenarios if (found := _newest(listed, run, scenario)) is not None
    ]
    with tempfile.TemporaryDirectory(prefix="cdc-perf-", dir=temporary or None) as folder:
        results = Path(folder) / "results"
        faults = tuple(_download(github, chosen, Path(folder), results, scenarios))
        recorded = read_attempts(results, scenarios)
    return Fetched(
        RunSet(recorded.runs, (*faults, *recorded.unreadable), recorded.superseded),
        _newest(listed, run),
    )


def _newest(listed: dict[str, Artifact], run: WorkflowRun, scenario: str = "") -> Artifact | None:
    """Return the artifact of the last attempt that left one, of a scenario or of all of them."""
    for attempt in range(run.run_attempt, 0, -1):
        name = (
            scenario_results_name(scenario, run.id, attempt)
            if scenario
            else results_name(run.id, attempt)
        )
        if name in listed:
            return listed[name]
    return None


def _download(
    github: GitHub,
    chosen: Sequence[Artifact],
    folder: Path,
    results: Path,
    scenarios: Collection[str],
) -> Iterator[str]:
    """Unpack each artifact into `results`; yield what is wrong with those that cannot be."""
    left = MAX_DOWNLOAD_BYTES
    for artefact in chosen:
        left -= artefact.size_in_bytes
        if left < 0:
            yield f"{artefact.name}: the artifacts are larger than {MAX_DOWNLOAD_BYTES:,} bytes"
            return
        archive = folder / "artifact.zip"
        github.download(f"/actions/artifacts/{artefact.id}/zip", archive, MAX_DOWNLOAD_BYTES)
        try:
            unpack(archive, results, scenarios)
        except UnreadableRun as fault:
            yield f"{artefact.name}: {fault}"


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
