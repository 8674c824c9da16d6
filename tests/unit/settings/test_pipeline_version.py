from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.pipeline_version import PipelineVersion, version_of
from tests.unit.settings.files import Put


def version(checkout: Checkout) -> PipelineVersion:
    return version_of(checkout, load_pipeline(checkout))


@pytest.mark.parametrize(
    "change",
    [
        *("pipeline.toml", "schema.sql", "thresholds.json", "scenarios.json"),
        *("scripts/burst-test.js", "workload.toml"),
    ],
)
def test_the_digest_changes_with_each_file_of_the_pipeline(
    checkout: Checkout, put: Put, change: str
) -> None:
    put(checkout.own_scenarios_file, {})
    before = version(checkout)
    assert before == version(checkout)
    path = checkout.pipeline / change
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    now = version(checkout)
    assert now.digest != before.digest
    assert now.name == before.name == "sample"
    assert now.same_pipeline(before)


def test_the_digest_does_not_depend_on_results_or_the_place(
    checkout: Checkout, put: Put, tmp_path: Path
) -> None:
    before = version(checkout)
    (checkout.pipeline / "results").mkdir()
    put(checkout.pipeline / "results" / "run.json", {})
    assert version(checkout) == before
    moved = tmp_path / "elsewhere" / "sample"
    moved.parent.mkdir()
    checkout.pipeline.rename(moved)
    assert version(Checkout.at(checkout.root, {"CDC_PIPELINE": str(moved)})) == before


def test_a_schema_elsewhere_is_part_of_the_digest(checkout: Checkout, tmp_path: Path) -> None:
    schema = tmp_path / "elsewhere.sql"
    schema.touch()
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    text = text.replace('schema = "schema.sql"', f'schema = "{schema}"')
    checkout.pipeline_file.write_text(text, encoding="utf-8")
    before = version(checkout)
    schema.write_text("SELECT 1", encoding="utf-8")
    assert version(checkout).digest != before.digest


def test_workloads_elsewhere_are_part_of_the_digest(checkout: Checkout, put: Put) -> None:
    put(checkout.own_scenarios_file, {"soak": {"workload": "../soak.toml"}})
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    checkout.pipeline_file.write_text('workload = "../other.toml"\n' + text, encoding="utf-8")
    seen = set()
    for name in ("soak.toml", "other.toml"):
        put(checkout.pipeline.parent / "soak.toml", "seed = 1")
        put(checkout.pipeline.parent / "other.toml", "seed = 1")
        seen.add(version(checkout).digest)
        put(checkout.pipeline.parent / name, "seed = 2")
        seen.add(version(checkout).digest)
    assert len(seen) == 3


def test_a_run_of_an_earlier_version_measured_the_sample() -> None:
    assert PipelineVersion().same_pipeline(PipelineVersion(name="sample", digest="0"))
    assert not PipelineVersion().same_pipeline(PipelineVersion(name="ours"))
    assert str(PipelineVersion()) == ""
    assert str(PipelineVersion(name="ours", digest="0123")) == "ours (0123)"
