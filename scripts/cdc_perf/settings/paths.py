"""The paths in a checkout of the tool, and in the folder of the pipeline under test."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.installation import IS_INSTALLED, ROOT

# The environment variable that names the folder of the pipeline under test.
PIPELINE = "CDC_PIPELINE"


@dataclass(frozen=True)
class Checkout:
    """The folders and files of one checkout and of one pipeline; nothing here accesses the disk.

    Attributes:
        root: The repository's folder, absolute.
        pipeline: The folder of the pipeline under test, absolute.
        results: The folder for run folders, absolute.
    """

    root: Path
    pipeline: Path
    results: Path

    @classmethod
    def at(cls, root: Path, environment: Mapping[str, str]) -> "Checkout":
        """Return the checkout in `root` with the pipeline and the results that a user chose.

        `CDC_PIPELINE` in `environment` names the folder of the pipeline, and `RESULTS_DIR` that of
        the results. A relative path is resolved against the current folder.
        """
        absolute = root.absolute()
        sample = _sample(absolute)
        pipeline = _folder(environment.get(PIPELINE, "")) or sample
        results = _folder(environment.get("RESULTS_DIR", ""))
        if results is None:
            results = absolute / "k6" / "results" if pipeline == sample else pipeline / "results"
        return cls(root=absolute, pipeline=pipeline, results=results)

    @classmethod
    def here(cls) -> "Checkout":
        """Return the running tool's files, with the process's environment.

        Without `CDC_PIPELINE`, an installed tool takes the current folder as the pipeline.
        """
        if not IS_INSTALLED:
            return cls.at(ROOT, os.environ)
        return cls.at(ROOT, {PIPELINE: ".", **{k: v for k, v in os.environ.items() if v}})

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
    def faults_file(self) -> Path:
        """The file of the faults that a run can inject."""
        return self.k6 / "faults.json"

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
        return self.pipeline / "pipeline.toml"

    @property
    def pipeline_option(self) -> str:
        """The value of `--pipeline` for a command; empty for the default.

        Commands of a checkout run in `root`, those of an installed tool in the current folder.
        """
        folder = Path.cwd() if IS_INSTALLED else self.root
        default = folder if IS_INSTALLED else _sample(self.root)
        return "" if self.pipeline == default else os.path.relpath(self.pipeline, folder)

    @property
    def own_scenarios_file(self) -> Path:
        """The file of the pipeline's own load shapes; it may not exist."""
        return self.pipeline / "scenarios.json"

    @property
    def own_thresholds_file(self) -> Path:
        """The file of the pipeline's own thresholds; it may not exist."""
        return self.pipeline / "thresholds.json"

    @property
    def own_faults_file(self) -> Path:
        """The file of the pipeline's own faults; it may not exist."""
        return self.pipeline / "faults.json"

    @property
    def own_scripts(self) -> Path:
        """The folder of the pipeline's own k6 scripts; it may not exist."""
        return self.pipeline / "scripts"

    @property
    def stack(self) -> Path:
        """The folder of the stack's state: in the checkout for the sample, else in its folder."""
        return (self.root if self.pipeline == _sample(self.root) else self.pipeline) / ".stack"

    @property
    def linked_k6(self) -> Path:
        """The folder in which the pipeline's own scripts are beside the tool's library."""
        return self.stack / "k6"

    @property
    def plans(self) -> Path:
        """The folder of the scenarios' plans, for k6 started by hand."""
        return self.stack / "workloads"

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


def results_folders(root: Path) -> tuple[Path, ...]:
    """Return the default results folders of the pipelines in a checkout."""
    return (root / "k6" / "results", *(root / "pipelines").glob("*/results"))


def _sample(root: Path) -> Path:
    """Return the folder of the sample pipeline, which is the default."""
    return root / "pipelines" / "sample"


def _folder(given: str) -> Path | None:
    """Return an absolute folder without `.` and `..`; None if none is given."""
    return Path(os.path.abspath(Path(given).expanduser())) if given else None  # noqa: PTH100 - links stay
