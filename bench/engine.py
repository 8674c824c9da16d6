"""The results engine on 1 and 2 GB of points, and jq on 200 MB of the same."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure
from bench.measure import Cost, cost, module
from bench.points import write_points, write_text
from bench.workplace import Workplace

_GB = 1_000_000_000
_MIB = 1024**2
_ROUNDS = 3
_SLICE = 200_000_000


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return the cost of statistics and series of a real run's points, and how it scales."""
    place.inv("perf", "--scenarios", "baseline", "--duration", "1m")
    source = place.checkout.results / "latest" / "baseline" / "points.json.gz"
    with TemporaryDirectory(prefix="cdc-perf-bench-") as name:
        folder = Path(name)
        small = _engine(source, _GB, folder)
        large = _engine(source, 2 * _GB, folder)
        jq = _jq(source, folder)
    time = [
        Figure(f"statistics and series of {size} GB of points", "s", _seconds(costs), "`.json.gz`")
        for size, costs in ((1, small), (2, large))
    ]
    memory = [
        Figure(f"memory for {size} GB of points", "MiB", _peaks(costs), "peak resident memory")
        for size, costs in ((1, small), (2, large))
    ]
    if jq is None:
        return (*time, *memory)
    slow = Figure("jq on 0.2 GB of points, as text", "s", (jq.seconds,), "the same statistics")
    times = (jq.seconds / _SLICE) / (time[1].median / (2 * _GB))
    return (*time, *memory, slow, Figure("jq / engine, per byte", "times", (times,)))


def _engine(source: Path, size: int, folder: Path) -> tuple[Cost, ...]:
    points = folder / "points.json.gz"
    write_points(source, size, points)
    argv = module("bench.read_points", str(points), str(folder))
    return tuple(cost(argv, folder / "output") for _ in range(_ROUNDS))


def _jq(source: Path, folder: Path) -> Cost | None:
    """Return the cost of jq; None if it is not installed."""
    if shutil.which("jq") is None:
        return None
    text = folder / "points.json"
    write_text(source, _SLICE, text)
    program = Path(__file__).with_name("statistics.jq")
    argv = ("jq", "--null-input", "--from-file", str(program), str(text))
    return cost(argv, folder / "output")


def _seconds(costs: tuple[Cost, ...]) -> tuple[float, ...]:
    return tuple(each.seconds for each in costs)


def _peaks(costs: tuple[Cost, ...]) -> tuple[float, ...]:
    return tuple(each.peak_bytes / _MIB for each in costs)
