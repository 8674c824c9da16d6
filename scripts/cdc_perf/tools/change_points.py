"""Change points of a series, found by apache-otava.

It needs numpy and scipy, a hundred megabytes that nothing else here needs: it lives in the tool
cache and runs in a process of its own.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cdc_perf import process
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.tools.wheels import wheel_tool

LEAST_POINTS = 12
MOST_P_VALUE = 0.001
LEAST_MAGNITUDE = 0.05
_WINDOW = 50


@dataclass(frozen=True)
class ChangePoint:
    """Where a series changes its level for good.

    Attributes:
        index: Of the first value at the new level.
        before: Mean of the values before, back to the change point before this one.
        after: Mean of those after, up to the next.
        p_value: Of Welch's test between them.
    """

    index: int
    before: float
    after: float
    p_value: float


def find_change_points(
    root: Path, cache: Cache, series: Mapping[str, Sequence[float]], say: Callable[[str], None]
) -> dict[str, tuple[ChangePoint, ...]]:
    """Return the change points of each series, at p < 0.001 and from 5 % on.

    Args:
        root: The checkout, with its lock files.
        cache: Where apache-otava is, or comes.
        series: Values by name, in the order of time, at least 12 each.
        say: Told while it is fetched.

    Raises:
        StackFailure: It cannot be had, or it failed.
    """
    otava = wheel_tool(
        "apache-otava", "apache-otava", root / "requirements" / "embedded-otava.txt", seconds=20
    )
    install_all(cache, (otava,), say)
    with TemporaryDirectory(prefix="cdc-perf-otava-") as name:
        question = Path(name) / "series.json"
        content = [series, _WINDOW, MOST_P_VALUE, LEAST_MAGNITUDE]
        question.write_bytes(msgspec.json.encode(content))
        completed = process.run(
            [sys.executable, Path(__file__).with_name("ask_otava.py"), question],
            env={"PYTHONPATH": str(cache.path(otava)), "PYTHONNOUSERSITE": "1"},
        )
    found = msgspec.json.decode(completed.output.splitlines()[-1], type=dict[str, list[_Found]])
    return {name: tuple(ChangePoint(*point) for point in points) for name, points in found.items()}


_Found = tuple[int, float, float, float]
