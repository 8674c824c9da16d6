"""Two versions measured in turn: base, head, head, base, and so on."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts import process
from scripts.errors import ExitCode, StackFailure, UsageFailure
from scripts.report.hops import hop_rows
from scripts.report.live import say
from scripts.report.rows import LATENCY, LATENCY_STATS
from scripts.results.hops import read_hops_file
from scripts.results.run_folder import RunFolder, run_folders
from scripts.results.summary import NoSummary, read_summary
from scripts.settings.paths import Checkout
from scripts.verdict.pairs import Pairs, noise_of

# Beside the load itself: a stack's way up and down, and the health check.
_MOST_SECONDS = 24 * 60 * 60
# What a limit says does not matter here; what makes a measurement worthless does.
_USABLE = (ExitCode.PASS, ExitCode.FAIL)


@dataclass(frozen=True)
class Turns:
    """What is run, and how often.

    Attributes:
        scenarios: As `inv perf` takes them.
        duration: As `inv perf` takes it; may be empty.
        pairs: How many runs of each version.
    """

    scenarios: str
    duration: str
    pairs: int


@contextmanager
def version(checkout: Checkout, name: str, option: str) -> Iterator[Checkout]:
    """Yield a checkout of a version: a folder as it is, or a clone of a commit.

    Args:
        checkout: Whose commits are meant.
        name: A folder with a checkout in it, or whatever git takes for a commit.
        option: What the user calls it, for an error.

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
        raise UsageFailure(f"{option}: {name!r} is no commit here, and no folder with a checkout")
    with TemporaryDirectory(prefix="cdc-perf-pairs-") as temporary:
        root = Path(temporary) / "checkout"
        process.run(["git", "clone", "--quiet", "--no-checkout", checkout.root, root])
        process.run(["git", "-C", root, "checkout", "--quiet", found.output.strip()])
        yield Checkout.at(root, {})


def measure_in_turn(
    base: Checkout, head: Checkout, results: Path, turns: Turns
) -> dict[str, Pairs]:
    """Run both versions in turn, each on a stack of its own, and return the figures of all runs.

    Whatever drifts, as a machine that gets warm, meets both alike: each pair is run in the order
    opposite to the one before.

    Args:
        base: One version.
        head: The other.
        results: Where the run folders go.
        turns: What to run.

    Returns:
        By scenario and figure: `baseline e2e p95`.

    Raises:
        StackFailure: A run came to nothing that can be compared.
    """
    values: dict[str, tuple[list[float], list[float]]] = {}
    for number in range(turns.pairs):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        for which in order:
            side = ("base", "head")[which]
            say(f"pair {number + 1} of {turns.pairs}: {side}")
            folder = _run((base, head)[which], results, turns, f"pair-{number + 1}-{side}")
            for figure, value in figures_of(folder).items():
                values.setdefault(figure, ([], []))[which].append(value)
    return {
        figure: Pairs(before, now, noise=noise_of(before))
        for figure, (before, now) in values.items()
        if len(before) == len(now) == turns.pairs
    }


def _run(checkout: Checkout, results: Path, turns: Turns, name: str) -> RunFolder:
    """Run `inv perf` of a version and return its run folder."""
    before = run_folders(results)
    duration = ("--duration", turns.duration) if turns.duration else ()
    words = ("perf", "--scenarios", turns.scenarios, *duration, "--name", name)
    completed = process.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=checkout.root,
        env={"RESULTS_DIR": str(results)},
        timeout_seconds=_MOST_SECONDS,
        check=False,
    )
    made = [path for path in run_folders(results) if path not in before]
    if completed.exit_code not in _USABLE or not made:
        raise StackFailure(
            f"{name} came to nothing that can be compared (exit {completed.exit_code})",
            hint="see that the machine is quiet, and that `inv perf` passes there by itself",
            detail=completed.last_lines[-8:],
        )
    return RunFolder(made[-1])


def figures_of(folder: RunFolder) -> Mapping[str, float]:
    """Return what is compared of a run: percentiles of the latency, means of the hops, all above 0.

    By scenario and figure: `baseline e2e p95`, `baseline Debezium to Kafka mean`.
    """
    return {**_latencies(folder), **_hops(folder)}


def _latencies(folder: RunFolder) -> Mapping[str, float]:
    """Return the latencies of each scenario of a run; those without samples are left out."""
    found = {}
    for path in sorted(folder.path.glob("*/summary.json")):
        summary = read_summary(path)
        if isinstance(summary, NoSummary) or not summary.samples(LATENCY):
            continue
        for name, stat in LATENCY_STATS.items():
            value = summary.observed(LATENCY, stat)
            if value:
                found[f"{summary.scenario} e2e {name}"] = value
    return found


def _hops(folder: RunFolder) -> Mapping[str, float]:
    """Return the mean of each hop, of the scenarios whose clocks agree."""
    found = {}
    for path in sorted(folder.path.glob("*/hops.json")):
        # Another version may write what this one cannot read.
        with suppress(ValueError):
            for row in hop_rows(read_hops_file(path)):
                mean = row.figures.mean
                if row.share is not None and mean is not None and mean > 0:
                    found[f"{path.parent.name} {row.hop.title} mean"] = mean
    return found
