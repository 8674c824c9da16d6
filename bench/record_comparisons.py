"""Record comparisons whose answer is known: `python -m bench.record_comparisons MINUTES`.

Each compares the checked-out commit with itself, or with a copy that has a planted delay. Chance
chooses what is planted and where; `inv compare` does not know. Each recording is a file in
bench/comparisons, so recording can be interrupted and goes on where it was.
"""

import gzip
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
from msgspec.structs import replace

from bench.plants import Base, Kind, Plant, drawn, plant
from bench.workplace import workplace
from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.files import write_atomically
from cdc_perf.results.comparison import Comparison, Side
from cdc_perf.runs.comparisons import last_comparison
from cdc_perf.settings.paths import Checkout
from cdc_perf.terminal import say

FOLDER = Path(__file__).parent / "comparisons"
# How often each kind is drawn: three times as many comparisons of a version with itself.
_WEIGHTS = {Kind.NOTHING: 3, Kind.P50_5: 1, Kind.P50_10: 1, Kind.P95_10: 1}
_COMPARED = (ExitCode.PASS, ExitCode.FAIL, ExitCode.INVALID)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison.

    Attributes:
        plant: What was planted in head.
        comparison: What was measured.
    """

    plant: Plant
    comparison: Comparison


def recordings() -> tuple[Recording, ...]:
    """Return every recording, in the order of time."""
    return tuple(
        msgspec.json.decode(gzip.decompress(path.read_bytes()), type=Recording)
        for path in sorted(FOLDER.glob("*.json.gz"))
    )


def main(minutes: float) -> None:
    """Record comparisons for a time."""
    deadline = time.monotonic() + 60 * minutes
    with workplace() as place:
        while time.monotonic() < deadline:
            record(place.checkout, recordings())


def record(checkout: Checkout, known: Sequence[Recording]) -> None:
    """Make one comparison, and write its file."""
    chance = random.SystemRandom()
    base = _base(known)
    kind = _next_kind(known, chance) if base else Kind.NOTHING
    planted = drawn(kind, base or Base(0, 0), chance)
    with TemporaryDirectory(prefix="cdc-perf-head-") as name:
        # PostgreSQL's user must reach its data.
        Path(name).chmod(0o711)
        head = Path(name) / "head"
        process.run(["git", "clone", "--quiet", checkout.root, head])
        plant(planted, head)
        say("recording a comparison")
        completed = process.run(
            [sys.executable, "-m", "invoke", "compare", "HEAD", head],
            cwd=checkout.root,
            env={"RESULTS_DIR": str(checkout.results), "DOCKER_HOST": "unix:///nonexistent"},
            on_line=say,
            timeout_seconds=3600,
            check=False,
        )
    if completed.exit_code not in _COMPARED:
        say(f"not recorded: exit {completed.exit_code}")
        return
    comparison = last_comparison(checkout.results)
    if comparison is None:
        say("not recorded: there is no comparison.json")
        return
    # The name that was typed is a folder of this machine.
    named = replace(comparison, head=replace(comparison.head, name="a copy"))
    recording = Recording(plant=planted, comparison=named)
    content = gzip.compress(msgspec.json.encode(recording), mtime=0)
    write_atomically(FOLDER / f"{comparison.comparison_id}.json.gz", content)


def _next_kind(known: Sequence[Recording], chance: random.Random) -> Kind:
    """Return a kind of those that have the fewest recordings for their weight."""
    counts = Counter(each.plant.kind for each in known)
    shares = {kind: counts[kind] / weight for kind, weight in _WEIGHTS.items()}
    return chance.choice([kind for kind in Kind if shares[kind] == min(shares.values())])


def _base(known: Sequence[Recording]) -> Base | None:
    """Return the typical latency of the last comparison's base; None without any."""
    for each in reversed(known):
        p50, p95 = ([*_values(each.comparison, stat)] for stat in ("p50", "p95"))
        if p50 and p95:
            return Base(median(p50), median(p95))
    return None


def _values(comparison: Comparison, stat: str) -> Iterator[float]:
    for start in comparison.starts:
        for each in start.slices:
            value = getattr(each, stat)
            if each.side is Side.BASE and not each.invalid and value is not None:
                yield value


if __name__ == "__main__":
    main(float(sys.argv[1]))
