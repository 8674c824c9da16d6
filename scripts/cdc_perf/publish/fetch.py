"""Download and read the results of a workflow run."""

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from cdc_perf.publish.archive import read_entries
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import results_name, scenario_results_name
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.results.run_folder import RUN_ID_PATTERN
from cdc_perf.runs.loader import UnreadableRun, read_attempts
from cdc_perf.runs.run_set import RunSet

MAX_DOWNLOAD_BYTES = 200_000_000


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
    listed = artifacts_of(github, run)
    chosen = [
        found
        for scenario in scenarios
        if (found := newest(listed, run, partial(scenario_results_name, scenario))) is not None
    ]
    with tempfile.TemporaryDirectory(prefix="cdc-perf-", dir=temporary or None) as folder:
        results = Path(folder) / "results"
        faults = tuple(_download(github, chosen, Path(folder), results, scenarios))
        recorded = read_attempts(results, scenarios)
    return Fetched(
        RunSet(recorded.runs, (*faults, *recorded.unreadable), recorded.superseded),
        newest(listed, run, results_name),
    )


def artifacts_of(github: GitHub, run: WorkflowRun) -> Mapping[str, Artifact]:
    """Return the artifacts of a workflow run that have not expired, by name.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    pages = github.pages(f"/actions/runs/{run.id}/artifacts", _Page)
    return {x.name: x for page in pages for x in page.artifacts if not x.expired}


def newest(
    listed: Mapping[str, Artifact], run: WorkflowRun, name: Callable[[int, int], str]
) -> Artifact | None:
    """Return the artifact of the last attempt that has one.

    Args:
        listed: The artifacts of the workflow run.
        run: The workflow run.
        name: The name of the artifact, from the run's number and the attempt.
    """
    for attempt in range(run.run_attempt, 0, -1):
        if (found := listed.get(name(run.id, attempt))) is not None:
            return found
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
    names = "|".join(map(re.escape, scenarios))
    wanted = re.compile(
        rf"{RUN_ID_PATTERN}/(?:run\.json|verdict\.json|(?:{names})/(?:verdict|summary|hops)\.json)"
    )
    for name, content in read_entries(archive, wanted):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as stream:
                stream.write(content)
        except FileExistsError:
            raise UnreadableRun("two artifacts contain the same file") from None
