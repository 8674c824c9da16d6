"""The results of a workflow run, downloaded and read."""

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scripts.publish.artefact import MAX_DOWNLOAD_BYTES, unpack
from scripts.publish.github import GitHub
from scripts.publish.names import results_name
from scripts.publish.runner import WorkflowRun
from scripts.report.reading import Unreadable, read_attempts
from scripts.report.recorded import Recorded


class Artefact(msgspec.Struct, frozen=True):
    """An artefact as GitHub lists it; its size is that of the zip file, in bytes."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool


class _Page(msgspec.Struct, frozen=True):
    artifacts: tuple[Artefact, ...]


@dataclass(frozen=True)
class Fetched:
    """What a workflow run left.

    Attributes:
        recorded: What could be read of it; empty where there was nothing.
        artefact: Where that came from; None: it left none, or it has expired.
    """

    recorded: Recorded
    artefact: Artefact | None


NOTHING = Fetched(Recorded((), ()), None)


def fetch(github: GitHub, run: WorkflowRun, scenarios: Collection[str], temporary: str) -> Fetched:
    """Download the results of a workflow run into a folder that is removed again, and read them.

    Args:
        github: The repository.
        run: The workflow run.
        scenarios: The names of scenarios that there are.
        temporary: Where folders for a while are made; empty: the system's place.

    Raises:
        ApiFailure: GitHub said no.
    """
    name = results_name(run.id, run.run_attempt)
    pages = github.pages(f"/actions/runs/{run.id}/artifacts", _Page, {"name": name})
    found = [x for page in pages for x in page.artifacts if x.name == name and not x.expired]
    if not found:
        return NOTHING
    artefact = found[-1]
    if artefact.size_in_bytes > MAX_DOWNLOAD_BYTES:
        reason = f"the artefact is larger than {MAX_DOWNLOAD_BYTES:,} bytes"
        return Fetched(Recorded((), (reason,)), artefact)
    with tempfile.TemporaryDirectory(prefix="cdc-perf-", dir=temporary or None) as folder:
        archive, results = Path(folder) / "artefact.zip", Path(folder) / "results"
        github.download(f"/actions/artifacts/{artefact.id}/zip", archive, MAX_DOWNLOAD_BYTES)
        try:
            unpack(archive, results, scenarios)
        except Unreadable as fault:
            return Fetched(Recorded((), (str(fault),)), artefact)
        return Fetched(read_attempts(results, scenarios), artefact)
