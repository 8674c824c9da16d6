"""`nox -s bench`: measure, and write docs/benchmarks.md."""

import os
import sys
from collections.abc import Callable

from bench import (
    catch_up,
    commands,
    comparison_power,
    engine,
    integrity,
    integrity_scope,
    latency,
    plans_way,
)
from bench.figures import Figure, table
from bench.workplace import Workplace, workplace
from cdc_perf import environment
from cdc_perf.files import write_atomically
from cdc_perf.perf.environment import machine, versions
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout
from cdc_perf.terminal import say, show_progress

_MEASUREMENTS: dict[str, Callable[[Workplace], tuple[Figure, ...]]] = {
    "commands": commands.measure,
    "comparison-power": comparison_power.measure,
    "latency": latency.measure,
    "catch-up": catch_up.measure,
    "integrity": integrity.measure,
    "integrity-scope": integrity_scope.measure,
    "engine": engine.measure,
    "plans-way": plans_way.measure,
}
_ABOUT = """\
# Benchmarks

`nox -s bench` writes this file; `nox -s bench -- latency` measures one part and prints it. The
figures of a part were measured in turn on one stack. Compare them with one another, not with those
of another machine. PostgreSQL runs with `fsync=off`. If no `mongod` is on PATH, MongoDB is the
stand-in nx-27017.

"""


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them and write the file if none is named."""
    unknown = [name for name in names if name not in _MEASUREMENTS]
    if unknown:
        say(f"unknown benchmark {unknown[0]!r}; {nearest(unknown[0], tuple(_MEASUREMENTS))}")
        return 2
    environment.adopt(os.environ)
    show_progress()
    parts = []
    with workplace() as place:
        for name in names or _MEASUREMENTS:
            say(f"measuring: {name}")
            parts.append(f"## {name}\n\n{table(_MEASUREMENTS[name](place))}\n")
            say(parts[-1])
    if not names:
        write_atomically(Checkout.here().root / "docs" / "benchmarks.md", _page(parts))
    return 0


def _page(parts: list[str]) -> str:
    here, found = machine(), versions(Checkout.here().root, "", {})
    where = (
        f"{here.cores} cores ({here.cpu}), {here.memory / 1024**3:.0f} GiB, {here.system}, "
        f"Python {here.python}, commit {found.commit[:12]}.\n\n"
    )
    return _ABOUT + where + "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
