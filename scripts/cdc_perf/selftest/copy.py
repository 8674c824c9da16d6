"""A copy of the checkout with a fault's settings, so that the user's own are not touched."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cdc_perf import process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.files import readable_json
from cdc_perf.selftest.fault import Edit, Fault
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.thresholds import DEFAULT
from cdc_perf.signals import deferred


@contextmanager
def prepared(checkout: Checkout, fault: Fault, results: Path) -> Iterator[Checkout]:
    """Yield a copy of the checkout with the settings of a fault; at the end nothing of it is left.

    Args:
        checkout: What is copied.
        fault: Whose settings it gets.
        results: Where its run folders go.

    Raises:
        StackFailure: What the fault changes is not there.
    """
    with TemporaryDirectory(prefix="cdc-perf-selftest-") as folder:
        copy = Checkout(root=Path(folder) / "checkout", results=results)
        own_results = str(checkout.k6 / "results")
        shutil.copytree(
            checkout.root,
            copy.root,
            ignore=lambda where, names: names if where == own_results else _left_out(names),
        )
        copy.thresholds_file.write_bytes(readable_json({DEFAULT: fault.limits}))
        if fault.load:
            _lay_over(copy.scenarios_file, fault)
        for edit in fault.edits:
            _replace(copy.root, edit)
        try:
            yield copy
        finally:
            with deferred():
                # Whatever a run that was interrupted has left.
                process_tags.end_tagged_processes(results)
                process_tags.end_tagged_processes(copy.root)


def _left_out(names: list[str]) -> list[str]:
    """Return what a run does not need: a repository, environments, caches, the state of a stack."""
    return [name for name in names if name.startswith(".") or name == "__pycache__"]


def _lay_over(path: Path, fault: Fault) -> None:
    scenarios = msgspec.json.decode(path.read_bytes())
    scenarios[fault.scenario]["options"] |= fault.load
    path.write_bytes(readable_json(scenarios))


def _replace(root: Path, edit: Edit) -> None:
    path = root / edit.file
    text = path.read_text(encoding="utf-8")
    if edit.old not in text:
        raise StackFailure(
            f"{edit.file} does not hold {edit.old!r} any more",
            hint="mend the fault in scripts/cdc_perf/selftest/faults.py that replaces it",
        )
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
