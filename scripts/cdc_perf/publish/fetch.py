"""Download and read the results of a workflow run."""

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
# The methods of upload-artifact. Other methods can decompress a block of any size at once.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Artifact(msgspec.Struct, frozen=True):
    """An artifact in GitHub's list; its size is that of the zip file, in bytes."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool


class _Page(msgspec.Struct, frozen=True):
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True)
class Fetched:
    """The results of a workflow run.

    Attributes:
        recorded: The readable results; may be empty.
        artifact: The newest artifact with the results of all scenarios, for a link; None if there
            is none, for example because the report failed, or if it has expired.
    """

    recorded: RunSet
    artifact: Artifact | None


def fetch(github: GitHub, run: WorkflowRun, scenarios: Collection[str], temporary: str) -> Fetched:
    """Download the results of a workflow run into a temporary folder, and read them.

    For each scenario this reads the artifact of the last attempt that has one. If only some jobs
    were rerun, the others' results are those of an earlier attempt; and the artifact with the
    results of all scenarios is missing if the report failed.

    Args:
        github: The repository.
        run: The workflow run.
        scenarios: The names of all scenarios.
        temporary: The parent of temporary folders; empty: the system's default.

    Raises:
        ApiFailure: GitHub returned an error.
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
    """Return the artifact of the last attempt that has one, for one scenario or all of them."""
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
    """Unpack each artifact into `results`; yield why an artifact cannot be unpacked."""
    left = MAX_DOWNLOAD_BYTES
    for artifact in chosen:
        left -= artifact.size_in_bytes
        if left < 0:
            yield f"{artifact.name}: the artifacts are larger than {MAX_DOWNLOAD_BYTES:,} bytes"
            return
        archive = folder / "artifact.zip"
        github.download(f"/actions/artifacts/{artifact.id}/zip", archive, MAX_DOWNLOAD_BYTES)
        try:
            unpack(archive, results, scenarios)
        except UnreadableRun as fault:
            yield f"{artifact.name}: {fault}"


def unpack(archive: Path, target: Path, scenarios: Collection[str]) -> None:
    """Write the needed files of run folders, without raw points and logs.

    Args:
        archive: The zip file.
        target: The folder to write to; existing files are not replaced.
        scenarios: The names of all scenarios.

    Raises:
        UnreadableRun: The file is not a zip file, has paths outside its folder, would fill the
            disk, or contains a file that another artifact contains too.
    """
    for name, content in _wanted(archive, scenarios):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as stream:
                stream.write(content)
        except FileExistsError:
            raise UnreadableRun("two artifacts contain the same file") from None


def _wanted(archive: Path, scenarios: Collection[str]) -> Iterator[tuple[str, bytes]]:
    names = "|".join(map(re.escape, scenarios))
    wanted = re.compile(
        rf"{RUN_ID_PATTERN}/(?:run\.json|verdict\.json|(?:{names})/(?:verdict|summary|hops)\.json)"
    )
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
