"""The pipeline's own scripts beside the tool's library."""

from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.load.own_scripts import beside_library
from cdc_perf.settings.paths import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with a library, and a folder elsewhere with two scripts."""
    elsewhere = Checkout(tmp_path / "tool", tmp_path / "my pipeline", tmp_path / "results")
    for file in (
        elsewhere.scripts / "lib" / "pipeline.js",
        elsewhere.scenarios_file,
        elsewhere.thresholds_file,
        elsewhere.metrics_file,
        elsewhere.own_scripts / "custom.js",
        elsewhere.own_scripts / "helpers" / "rows.js",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name, encoding="utf-8")
    return elsewhere


def test_a_script_is_beside_the_library_and_its_settings(checkout: Checkout) -> None:
    for _ in range(2):
        script = beside_library(checkout, checkout.own_scripts / "custom.js")
        assert script.read_text(encoding="utf-8") == "custom.js"
        assert script.is_relative_to(checkout.stack)
        for name in ("lib/pipeline.js", "helpers/rows.js", "../scenarios.json", "../metrics.json"):
            assert (script.parent / name).read_text(encoding="utf-8") == Path(name).name


def test_what_is_gone_is_not_linked_any_longer(checkout: Checkout) -> None:
    beside_library(checkout, checkout.own_scripts / "custom.js")
    (checkout.own_scripts / "helpers" / "rows.js").unlink()
    (checkout.own_scripts / "helpers").rmdir()
    script = beside_library(checkout, checkout.own_scripts / "custom.js")
    assert {x.name for x in script.parent.iterdir()} == {"custom.js", "lib"}


def test_a_built_in_script_stays_where_it_is(checkout: Checkout) -> None:
    script = checkout.scripts / "workload-test.js"
    assert beside_library(checkout, script) == script
    assert not checkout.linked_k6.exists()


def test_a_folder_with_the_librarys_name_is_refused(checkout: Checkout) -> None:
    (checkout.own_scripts / "lib").mkdir()
    with pytest.raises(UsageFailure, match=r"my pipeline/scripts/lib: scripts import the tool's"):
        beside_library(checkout, checkout.own_scripts / "custom.js")


def test_a_folder_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    checkout.stack.write_text("a file", encoding="utf-8")
    with pytest.raises(UsageFailure, match=r"\.stack/k6: cannot link the scripts: Not a directory"):
        beside_library(checkout, checkout.own_scripts / "custom.js")
