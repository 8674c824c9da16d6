"""Measure two versions alternately: base, head, head, base, and so on."""

import logging
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cdc_perf import process
from cdc_perf.errors import ExitCode, UsageFailure
from cdc_perf.files import NOT_JSON
from cdc_perf.report.hops import hop_rows
from cdc_perf.report.rows import printable
from cdc_perf.results.hops import read_hops_file
from cdc_perf.results.run_folder import RunFolder, run_folders
from cdc_perf.results.summary import NoSummary, read_summary
from cdc_perf.runs.row import LATENCY, LATENCY_STATS
from cdc_perf.settings.paths import Checkout
from cdc_perf.verdict.turns import PairSide, Turn
from cdc_perf.verdict.verdict import Verdict

_log = logging.getLogger(__name__)
# Besides the load itself: starting and stopping a stack, and the health check.
_MOST_SECONDS = 24 * 60 * 60
_USABLE = (ExitCode.PASS, ExitCode.FAIL)
# A failed threshold does not affect a figure; an untrusted measurement does.
_JUDGED = (Verdict.PASS, Verdict.FAIL)
_HOPELESS_PAIRS = 2
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Turns:
    """What to run, and how often.

    Attributes:
        scenarios: The value of `--scenarios`.
        duration: The value of `--duration`; may be empty.
        pairs: The number of runs of each version.
    """

    scenarios: str
    duration: str
    pairs: int


@contextmanager
def version(checkout: Checkout, name: str, option: str) -> Iterator[Checkout]:
    """Yield a checkout of a version: a folder as it is, or a clone of a commit.

    Args:
        checkout: The checkout whose commits may be named.
        name: A folder with a checkout, or any name of a commit that git accepts.
        option: The option's name, for an error message.

    Raises:
        UsageFailure: It is neither.
    """
    folder = Path(name).expanduser()
    if (folder / "tasks.py").is_file():
        yield Checkout.at(folder.resolve(), {})
        return
    git = ("git", "-C", checkout.root)
    found = process.run(
        [*git, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], check=False
    )
    if found.exit_code != 0:
        raise UsageFailure(f"{option}: {name!r} is neither a commit nor a folder with a checkout")
    with TemporaryDirectory(prefix="cdc-perf-pairs-") as temporary:
        root = Path(temporary) / "checkout"
        process.run(["git", "clone", "--quiet", "--no-checkout", checkout.root, root])
        process.run(["git", "-C", root, "checkout", "--quiet", found.output.strip()])
        yield Checkout.at(root, {})


def measure_in_turn(base: Checkout, head: Checkout, results: Path, turns: Turns) -> list[Turn]:
    """Run both versions alternately, each on its own stack, and return all runs.

    Each pair is run in the opposite order of the previous one, so that a drift, such as a machine
    that gets warm, affects both alike. A run without a result is recorded as such, and the others
    continue. If nothing is comparable after two pairs, no more are run.

    Args:
        base: One version.
        head: The other.
        results: The folder for the run folders.
        turns: What to run.

    Raises:
        UsageFailure: A version rejects the arguments.
    """
    finished: list[Turn] = []
    for number in range(1, turns.pairs + 1):
        order = (PairSide.BASE, PairSide.HEAD) if number % 2 else (PairSide.HEAD, PairSide.BASE)
        for side in order:
            _log.info(f"pair {number} of {turns.pairs}: {side}")
            turn = _run(base if side is PairSide.BASE else head, results, turns, number, side)
            if turn.exit_code not in _USABLE:
                _log.info(f"{turn.name} is excluded: {turn.reason}")
            finished.append(turn)
        if number == _HOPELESS_PAIRS and not any(turn.figures for turn in finished):
            _log.info(f"no run of the first {number} pairs is usable: stopping")
            break
    return finished


def _run(checkout: Checkout, results: Path, turns: Turns, number: int, side: PairSide) -> Turn:
    """Run `inv perf` of a version and return the result."""
    before = run_folders(results)
    name = f"pair-{number}-{side}"
    duration = ("--duration", turns.duration) if turns.duration else ()
    words = ("perf", "--scenarios", turns.scenarios, *duration, "--name", name)
    completed = process.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=checkout.root,
        env={"RESULTS_DIR": str(results)},
        timeout_seconds=_MOST_SECONDS,
        check=False,
    )
    if completed.exit_code == ExitCode.USAGE:
        raise UsageFailure(
            f"{side} rejects the arguments of this command", detail=completed.last_lines[-8:]
        )
    new_folders = [path for path in run_folders(results) if path not in before]
    folder = RunFolder(new_folders[-1]) if new_folders else None
    return turn_of(folder, number, side, completed.exit_code, completed.last_lines)


def turn_of(
    folder: RunFolder | None, number: int, side: PairSide, exit_code: int, last_lines: Sequence[str]
) -> Turn:
    """Return the result of a finished run.

    Args:
        folder: The run's folder; None if it has none.
        number: The number of its pair.
        side: Which version it measured.
        exit_code: Its exit code.
        last_lines: The last lines of its output.
    """
    verdict = _VerdictFile() if folder is None else _read_verdict(folder.verdict)
    lines = [why if isinstance(why, str) else why.text for why in verdict.reasons]
    lines += [line.strip() for line in reversed(last_lines) if line.strip()]
    reason = "" if exit_code == ExitCode.PASS else f"exit {exit_code}"
    if reason and lines:
        reason += f": {printable(lines[0])[:_LONGEST_REASON]}"
    return Turn(
        pair=number,
        side=side,
        run="" if folder is None else folder.run_id,
        exit_code=exit_code,
        figures={} if folder is None else figures_of(folder),
        failed=tuple(x.scenario for x in verdict.scenarios if x.verdict == Verdict.FAIL),
        reason=reason,
    )


def figures_of(folder: RunFolder) -> Mapping[str, float]:
    """Return the compared figures of a run: latency percentiles and mean hop times, all above 0.

    They are keyed by scenario and figure: `baseline e2e p95`, `baseline Debezium to Kafka mean`.
    The results of thresholds do not matter here. A scenario that is INVALID, has too little data,
    or has no verdict has no figures.
    """
    files = _each(folder, "verdict.json")
    judged = {file.parent.name for file in files if _read_verdict(file).verdict in _JUDGED}
    return {**_latencies(folder, judged), **_hops(folder, judged)}


class _ScenarioEntry(msgspec.Struct, frozen=True):
    scenario: str
    verdict: str


class _ReasonEntry(msgspec.Struct, frozen=True):
    text: str


class _VerdictFile(msgspec.Struct, frozen=True):
    """The needed part of a verdict.json, of a run or a scenario, written by any version."""

    verdict: str = ""
    reasons: tuple[str | _ReasonEntry, ...] = ()
    scenarios: tuple[_ScenarioEntry, ...] = ()


def _read_verdict(path: Path) -> _VerdictFile:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_VerdictFile)
    except (OSError, *NOT_JSON):
        return _VerdictFile()


def _each(folder: RunFolder, name: str) -> list[Path]:
    return sorted(folder.path.glob(f"*/{name}"))


def _latencies(folder: RunFolder, judged: Collection[str]) -> Mapping[str, float]:
    """Return the latencies of a run's scenarios, without those that have no samples."""
    found = {}
    for path in _each(folder, "summary.json"):
        summary = read_summary(path)
        if isinstance(summary, NoSummary) or path.parent.name not in judged:
            continue
        if not summary.samples(LATENCY):
            continue
        for name, stat in LATENCY_STATS.items():
            value = summary.observed(LATENCY, stat)
            if value is not None and isfinite(value) and value > 0:
                found[f"{path.parent.name} e2e {name}"] = value
    return found


def _hops(folder: RunFolder, judged: Collection[str]) -> Mapping[str, float]:
    """Return the mean time of each hop, for scenarios whose clocks agree."""
    found = {}
    for path in _each(folder, "hops.json"):
        if path.parent.name not in judged:
            continue
        # Another version may write a format that this one cannot read.
        with suppress(ValueError):
            for row in hop_rows(read_hops_file(path)):
                mean = row.figures.mean
                if row.share is not None and mean is not None and mean > 0:
                    found[f"{path.parent.name} {row.hop.title} mean"] = mean
    return found
