"""Where everything lies in a checkout."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """The folders and files of one checkout; nothing here looks at the disk.

    Attributes:
        root: The repository's folder, absolute.
        results: Where run folders are made, absolute.
    """

    root: Path
    results: Path

    @classmethod
    def at(cls, root: Path, environment: Mapping[str, str]) -> "Checkout":
        """Return the checkout in `root`; a `RESULTS_DIR` in `environment` moves its results.

        A relative `RESULTS_DIR` counts from the current folder, as in every other command.
        """
        moved = environment.get("RESULTS_DIR", "")
        absolute = root.absolute()
        results = Path(moved).expanduser().absolute() if moved else absolute / "k6" / "results"
        return cls(root=absolute, results=results)

    @classmethod
    def here(cls) -> "Checkout":
        """Return the checkout that this file belongs to, under the process's environment."""
        return cls.at(Path(__file__).parents[3], os.environ)

    @property
    def k6(self) -> Path:
        """The folder of the k6 module, its scripts and its settings."""
        return self.root / "k6"

    @property
    def scripts(self) -> Path:
        """The folder of the k6 scripts."""
        return self.k6 / "scripts"

    @property
    def scenarios_file(self) -> Path:
        """The load shapes."""
        return self.k6 / "scenarios.json"

    @property
    def thresholds_file(self) -> Path:
        """The limits."""
        return self.k6 / "thresholds.json"

    @property
    def metrics_file(self) -> Path:
        """The metrics that a limit can be set on."""
        return self.k6 / "metrics.json"

    @property
    def prometheus(self) -> Path:
        """The settings of Prometheus: what it scrapes, its rules, the JMX agent's settings."""
        return self.k6 / "prometheus"

    @property
    def pipeline_file(self) -> Path:
        """The pipeline under test."""
        return self.root / "pipeline.toml"

    @property
    def stack(self) -> Path:
        """The state of the stack."""
        return self.root / ".stack"

    @property
    def endpoints_file(self) -> Path:
        """The addresses of the stack that is up."""
        return self.stack / "endpoints.json"

    @property
    def started_file(self) -> Path:
        """What of pipeline.toml the stack that is up was started with."""
        return self.stack / "started.json"

    @property
    def lock_file(self) -> Path:
        """Held by the one command that may change the stack or load it."""
        return self.stack / "lock"
