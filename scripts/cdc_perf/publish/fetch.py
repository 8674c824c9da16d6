"""The results of a workflow run, downloaded and read."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cdc_perf.publish.artifact import MAX_DOWNLOAD_BYTES, unpack
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import results_name, scenario_results_name
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.runs.loader import UnreadableRun, read_attempts
from cdc_perf.runs.run_set import RunSet


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
