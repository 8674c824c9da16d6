"""A clone of the checkout to measure in, so that the user's files are untouched."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cdc_perf import process
from cdc_perf.results.summary import NoSummary, Summary, read_summary
from cdc_perf.settings.paths import Checkout


@dataclass(frozen=True)
class Workplace:
    """A clone of the checked-out commit."""

    checkout: Checkout

    def argv(self, *words: str) -> tuple[str, ...]:
        """Return the `inv` command line to run in the clone."""
        return (sys.executable, "-m", "invoke", *words)

    def inv(self, *words: str, codes: tuple[int, ...] = (0,)) -> float:
        """Run `inv` to its end and return the elapsed seconds.

        Raises:
            RuntimeError: Its exit code is not in `codes`.
        """
        began = time.perf_counter()
        completed = process.run(
            self.argv(*words), cwd=self.checkout.root, env=self._env, check=False
        )
        seconds = time.perf_counter() - began
        if completed.exit_code not in codes:
            raise RuntimeError(f"inv {' '.join(words)}: {completed.exit_code}\n{completed.output}")
        return seconds

    @property
    def _env(self) -> dict[str, str]:
        # Always measure the embedded stack, even if the machine has Docker.
        return {"RESULTS_DIR": str(self.checkout.results), "DOCKER_HOST": "unix:///nonexistent"}

    def summary(self, scenario: str) -> Summary:
        """Return k6's summary of a scenario of the last run."""
        path = self.checkout.results / "latest" / scenario / "summary.json"
        found = read_summary(path)
        if isinstance(found, NoSummary):
            raise RuntimeError(found.reason)  # noqa: TRY004 - not a type error
        return found


@contextmanager
def workplace() -> Iterator[Workplace]:
    """Clone the checked-out commit; uncommitted changes are not measured."""
    source = Checkout.here().root
    with TemporaryDirectory(prefix="cdc-perf-bench-") as name:
        root = Path(name) / "checkout"
        process.run(["git", "clone", "--quiet", "--no-hardlinks", source, root])
        place = Workplace(Checkout.at(root, {}))
        try:
            yield place
        finally:
            place.inv("down")
