"""The results engine on 1 and 2 GB of points, and jq on 200 MB of the same."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from bench.measure import Cost, cost
from bench.points import write_points, write_text
from scripts.settings.paths import Checkout

_GB = 1_000_000_000
_SIZES = (_GB, 2 * _GB)
_SLICE = 200_000_000
_MOST_SECONDS = 6.0
_MOST_BYTES = 1_200_000_000
_TIMES_AS_FAST = 60


def main(arguments: list[str]) -> int:
    """Print what the engine costs; return 0 if it keeps its goals, else 1.

    The goals: 2 GB of points in 6 s and 1.2 GB of memory, 60 times as fast a byte as jq.

    Args:
        arguments: The points of a real run, gzipped; none: those of baseline in the last run.
    """
    latest = Checkout.here().results / "latest" / "baseline" / "points.json.gz"
    source = Path(arguments[0]) if arguments else latest
    if not source.is_file():
        print(f"{source} does not exist: inv perf --scenarios baseline makes it", file=sys.stderr)
        return 2
    with TemporaryDirectory(prefix="cdc-perf-bench-") as name:
        folder = Path(name)
        costs = {}
        for size in _SIZES:
            made = write_points(source, size, folder / "points.json.gz")
            costs[made] = _engine(folder)
        jq = _jq(source, folder)
    print(_table(costs, jq))
    (_, small_cost), (large, large_cost) = costs.items()
    print(
        f"twice the input takes {large_cost.seconds / small_cost.seconds:.2f} times the time "
        f"and {large_cost.peak_bytes / small_cost.peak_bytes:.2f} times the memory"
    )
    kept = {
        f"{_MOST_SECONDS:.0f} s": large_cost.seconds <= _MOST_SECONDS,
        f"{_MOST_BYTES / _GB:.1f} GB": large_cost.peak_bytes <= _MOST_BYTES,
    }
    if jq is not None:
        times = (jq[1].seconds / jq[0]) / (large_cost.seconds / large)
        print(f"a byte takes jq {times:.0f} times as long")
        kept[f"{_TIMES_AS_FAST} times as fast as jq"] = times >= _TIMES_AS_FAST
    for goal, held in kept.items():
        print(f"{'kept' if held else 'MISSED'}: {goal}")
    return 0 if all(kept.values()) else 1


def _engine(folder: Path) -> Cost:
    argv = (sys.executable, "-m", "bench.read_points", str(folder / "points.json.gz"), str(folder))
    return cost(argv, folder / "output")


def _jq(source: Path, folder: Path) -> tuple[int, Cost] | None:
    """Return how much text jq was given and what it cost; None where there is no jq."""
    if shutil.which("jq") is None:
        return None
    text = folder / "points.json"
    made = write_text(source, _SLICE, text)
    program = Path(__file__).with_name("statistics.jq")
    argv = ("jq", "--null-input", "--from-file", str(program), str(text))
    return made, cost(argv, folder / "output")


def _table(costs: dict[int, Cost], jq: tuple[int, Cost] | None) -> str:
    rows = [_row("engine, .json.gz", size, found) for size, found in costs.items()]
    if jq is not None:
        rows.append(_row("jq, .json", *jq))
    headers = ["", "text MB", "seconds", "processor s", "peak MB", "MB/s"]
    return tabulate(rows, headers=headers, tablefmt="simple")


def _row(name: str, size: int, found: Cost) -> list[str | float]:
    return [
        name,
        round(size / 1e6),
        round(found.seconds, 1),
        round(found.processor_seconds, 1),
        round(found.peak_bytes / 1e6),
        round(size / 1e6 / found.seconds),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
