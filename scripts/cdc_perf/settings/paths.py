"""The paths in a checkout."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """The folders and files of one checkout; nothing here accesses the disk.

    Attributes:
        root: The repository's folder, absolute.
        results: The folder for run folders, absolute.
    """

    root: Path
    results: Path

    @classmethod
    def at(cls, root: Path, environment: Mapping[str, str]) -> "Checkout":
        """Return the checkout in `root`; `RESULTS_DIR` in `environment` moves its results.

        A relative `RESULTS_DIR` is resolved against the current folder.
        """
        absolute = root.absolute()
        results_dir = environment.get("RESULTS_DIR", "")
        results = (
            Path(results_dir).expanduser().absolute()
            if results_dir
            else absolute / "k6" / "results"
        )
        return cls(root=absolute, results=results)

    @classmethod
    def here(cls) -> "Checkout":
        """Return the checkout that contains this file, with the process's environment."""
        return cls.at(Path(__file__).parents[3], os.environ)

    @property
    def k6(self) -> Path:
        """The folder of the k6 module, its scripts, and its settings."""
        return self.root / "k6"

    @property
    def scripts(self) -> Path:
        """The folder of the k6 scripts."""
        return self.k6 / "scripts"

    @property
    def scenarios_file(self) -> Path:
        """The file of the load shapes."""
        return self.k6 / "scenarios.json"

    @property
    def thresholds_file(self) -> Path:
        """The file of the thresholds."""
        return self.k6 / "thresholds.json"

    @property
    def metrics_file(self) -> Path:
        """The file of the metrics that a threshold can be set on."""
        return self.k6 / "metrics.json"

    @property
    def prometheus(self) -> Path:
        """The folder of Prometheus' settings: scrape targets, rules, the JMX agent's settings."""
        return self.k6 / "prometheus"

    @property
    def pipeline_file(self) -> Path:
        """The file that describes the pipeline under test."""
        return self.root / "pipeline.toml"

    @property
    def stack(self) -> Path:
        """The folder of the stack's state."""
        return self.root / ".stack"

    @property
    def endpoints_file(self) -> Path:
        """The file of the running stack's addresses."""
        return self.stack / "endpoints.json"

    @property
    def started_file(self) -> Path:
        """The file of the pipeline.toml settings that the running stack was started with."""
        return self.stack / "started.json"

    @property
    def lock_file(self) -> Path:
        """The file that a command locks while it changes or loads the stack."""
        return self.stack / "lock"
