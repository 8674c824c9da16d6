"""Download the comparison of two versions that a workflow run measured, and keep its numbers."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from cdc_perf.publish.archive import read_entries
from cdc_perf.publish.fetch import MAX_DOWNLOAD_BYTES, Artifact, artifacts_of, newest
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import comparison_name
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.results.comparison import Comparison, Slice, Start, Version
from cdc_perf.results.manifest import Machine, Versions
from cdc_perf.results.run_folder import RUN_ID_PATTERN
from cdc_perf.runs.comparisons import decode_comparison
from cdc_perf.runs.loader import UnreadableRun
from cdc_perf.settings.hops import CONSUMER_HOPS, RECORD_HOPS

_WANTED = re.compile(rf"{RUN_ID_PATTERN}/comparison\.json")
_HOPS = frozenset(hop.name for hop in (*CONSUMER_HOPS.all, *RECORD_HOPS.all))
# In place of a text that a pull request may have written.
_WITHHELD = "see the report"


@dataclass(frozen=True)
class FetchedComparison:
    """The comparison that a workflow run left.

    Attributes:
        comparison: Its content, which is untrusted; None if there is none, or if it is unreadable.
        fault: Why it cannot be read; empty otherwise.
        artifact: The artifact, for a link; None if there is none, or if it has expired.
    """

    comparison: Comparison | None
    fault: str = ""
    artifact: Artifact | None = None


def fetch_comparison(github: GitHub, run: WorkflowRun, temporary: str) -> FetchedComparison:
    """Download and read the comparison of the last attempt that has one.

    Args:
        github: The repository.
        run: The workflow run.
        temporary: The parent of temporary folders; empty: the system's default.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    artifact = newest(artifacts_of(github, run), run, comparison_name)
    if artifact is None:
        return FetchedComparison(None)
    if artifact.size_in_bytes > MAX_DOWNLOAD_BYTES:
        return FetchedComparison(None, f"it is larger than {MAX_DOWNLOAD_BYTES:,} bytes", artifact)
    with tempfile.TemporaryDirectory(prefix="cdc-perf-", dir=temporary or None) as folder:
        archive = Path(folder) / "artifact.zip"
        github.download(f"/actions/artifacts/{artifact.id}/zip", archive, MAX_DOWNLOAD_BYTES)
        try:
            return FetchedComparison(_only_one(archive), "", artifact)
        except UnreadableRun as fault:
            return FetchedComparison(None, str(fault), artifact)


def _only_one(archive: Path) -> Comparison:
    found = [content for _, content in read_entries(archive, _WANTED)]
    if len(found) != 1:
        raise UnreadableRun(f"the artifact contains {len(found):,} comparisons instead of 1")
    return decode_comparison(found[0])


def numbers_only(comparison: Comparison, base: Version, head: Version) -> Comparison:
    """Return a comparison with its numbers, and with none of its texts.

    A reason why a slice is left out stays a reason, but its words are dropped; so is a hop whose
    name is unknown.

    Args:
        comparison: The untrusted comparison.
        base: Our own description of the base.
        head: Our own description of the head.
    """
    harness = Versions(project="", commit="", changed=False, k6="", components={})
    machine = Machine(system="", architecture="", cpu="", cores=0, memory=0, python="")
    return replace(
        comparison,
        comparison_id="",
        base=base,
        head=head,
        harness=harness,
        machine=machine,
        pipeline="",
        workload="",
        starts=tuple(_start(start) for start in comparison.starts),
    )


def _start(start: Start) -> Start:
    return replace(
        start,
        fault=_WITHHELD if start.fault else "",
        slices=tuple(_slice(each) for each in start.slices),
    )


def _slice(measured: Slice) -> Slice:
    hops = {name: time for name, time in measured.hops.items() if name in _HOPS}
    return replace(measured, hops=hops, invalid=_WITHHELD if measured.invalid else "")
