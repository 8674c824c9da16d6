"""Change points of a series, detected by apache-otava.

It needs numpy and scipy, 100 MB that nothing else here needs, so it is installed in the tool cache
and runs in its own process.
"""

import sys
from collections.abc import Mapping, Sequence
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
    """A lasting change in the level of a series.

    Attributes:
        index: Index of the first value at the new level.
        before: Mean of the values before it, back to the previous change point.
        after: Mean of the values from it on, up to the next change point.
        p_value: p-value of Welch's test between them.
    """

    index: int
    before: float
    after: float
    p_value: float


def find_change_points(
    root: Path, cache: Cache, series: Mapping[str, Sequence[float]]
) -> dict[str, tuple[ChangePoint, ...]]:
    """Return the change points of each series: changes of 5% or more with p < 0.001.

    Args:
        root: The checkout, with its lock files.
        cache: The tool cache, which has or gets apache-otava.
        series: Values by name, in order of time, at least 12 each.

    Raises:
        StackFailure: apache-otava is unavailable, or it failed.
    """
    otava = wheel_tool(
        "apache-otava", "apache-otava", root / "requirements" / "embedded-otava.txt", seconds=20
    )
    install_all(cache, (otava,))
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
