"""Which pipeline a run measures: its name, and a digest of its settings."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.settings.scenarios import load_scenarios

_DIGITS = 12
# The name of the default pipeline; runs from before there were others have no name.
SAMPLE = "sample"


class PipelineVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline and the version of its settings.

    Attributes:
        name: The name of its folder; empty in runs of earlier versions, which knew one pipeline.
        digest: The first 12 hex digits of the SHA-256 of its files; empty if unknown.
    """

    name: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """Return both, for people."""
        return f"{self.name} ({self.digest})" if self.digest else self.name

    def same_pipeline(self, other: "PipelineVersion") -> bool:
        """Return whether both have the same name; the settings may differ."""
        return (self.name or SAMPLE) == (other.name or SAMPLE)


def version_of(checkout: Checkout, pipeline: Pipeline) -> PipelineVersion:
    """Return the version of the pipeline that a checkout tests.

    The digest covers the TOML files of the folder (the pipeline and its workloads), the files that
    pipeline.toml names, and the pipeline's own scenarios, thresholds, and scripts.
    """
    digest = hashlib.sha256()
    paths = {os.path.relpath(path, checkout.pipeline): path for path in _files(checkout, pipeline)}
    for name, path in sorted(paths.items()):
        content = path.read_bytes()
        digest.update(msgspec.json.encode([name, len(content)]) + content)
    return PipelineVersion(name=checkout.pipeline.name, digest=digest.hexdigest()[:_DIGITS])


def _files(checkout: Checkout, pipeline: Pipeline) -> Iterator[Path]:
    yield checkout.pipeline / pipeline.postgres.schema
    if isinstance(pipeline.sink, PostgresSink):
        yield checkout.pipeline / pipeline.sink.schema
    yield from (checkout.pipeline / plugin.jars for plugin in pipeline.connect.plugins)
    workloads = {pipeline.workload, *(each.workload for each in load_scenarios(checkout).every)}
    yield from (
        path
        for path in (
            *checkout.pipeline.glob("*.toml"),
            *(checkout.pipeline / name for name in workloads if name),
            checkout.own_scenarios_file,
            checkout.own_thresholds_file,
            *checkout.own_scripts.rglob("*.js"),
        )
        if path.is_file()
    )
