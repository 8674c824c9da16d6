"""Alternating runs of `inv compare --pairs`, reduced to their figures.

`python -m bench.recorded_turns RESULTS` prints those in a results folder; `bench/turns.json` is
such an output.
"""

import sys
from pathlib import Path

import msgspec

from cdc_perf.files import json_text
from cdc_perf.results.manifest import Machine, Manifest
from cdc_perf.results.run_folder import RunFolder, run_folders
from cdc_perf.results.summary import NoSummary, read_summary
from cdc_perf.runs.row import LATENCY

FILE = Path(__file__).with_name("turns.json")
# Eight, as many as a comparison with hops has; one without has only the first three.
_FIGURES = {
    "e2e": (LATENCY, ("p(50)", "p(95)", "p(99)")),
    "write": ("pg_write_duration{phase:steady}", ("p(50)", "p(95)", "p(99)")),
    "read": ("mongo_read_duration{phase:steady}", ("p(50)", "p(95)")),
}


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run.

    Attributes:
        run_id: Its run ID, which is the time when it began.
        name: Its place in the pairs: `pair-3-base`.
        commit: The measured commit.
        changed: Whether the checkout differed from that commit.
        samples: The number of samples of the end-to-end latency, after the warm-up.
        figures: By name, in milliseconds.
    """

    run_id: str
    name: str
    commit: str
    changed: bool
    samples: int
    figures: dict[str, float]


class Turns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Runs of one scenario on one machine.

    Attributes:
        scenario: Its name.
        seconds: The duration of each run's load.
        machine: The machine.
        turns: The runs in order.
    """

    scenario: str
    seconds: float
    machine: Machine
    turns: tuple[Turn, ...]


def recorded() -> Turns:
    """Return the runs in turns.json."""
    return msgspec.json.decode(FILE.read_bytes(), type=Turns)


def turns_of(results: Path) -> Turns:
    """Return the alternating runs in a results folder, all of the same scenario."""
    found = [
        (folder, msgspec.json.decode(folder.manifest.read_bytes(), type=Manifest))
        for folder in map(RunFolder, run_folders(results))
    ]
    in_turn = [(folder, run) for folder, run in found if run.name.startswith("pair-")]
    last = in_turn[-1][1]
    entry = last.scenarios[-1]
    return Turns(
        scenario=entry.name,
        seconds=entry.seconds,
        machine=last.machine,
        turns=tuple(_turn(folder, run, entry.name) for folder, run in in_turn),
    )


def _turn(folder: RunFolder, run: Manifest, scenario: str) -> Turn:
    summary = read_summary(folder.scenario(scenario).summary)
    if isinstance(summary, NoSummary):
        raise ValueError(f"{run.run_id}: {summary.reason}")  # noqa: TRY004 - not a type error
    figures = {
        f"{name} p{stat[2:-1]}": value
        for name, (metric, stats) in _FIGURES.items()
        for stat in stats
        if (value := summary.observed(metric, stat))
    }
    versions = run.versions
    samples = summary.samples(LATENCY)
    return Turn(run.run_id, run.name, versions.commit, versions.changed, samples, figures)


if __name__ == "__main__":
    print(json_text(turns_of(Path(sys.argv[1]))))
