"""A checkout of settings files that a test may break."""

import json
import shutil
from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from tests.unit.settings.files import Put

ROOT = Path(__file__).parents[3]
_SETTINGS = ("scenarios.json", "thresholds.json", "metrics.json")


@pytest.fixture
def committed() -> Checkout:
    """The checkout that the tests belong to."""
    return Checkout.at(ROOT, {})


@pytest.fixture
def checkout(committed: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the committed settings; of the files that they name it matters that they exist."""
    copy = Checkout.at(tmp_path / "checkout", {})
    copy.scripts.mkdir(parents=True)
    for name in _SETTINGS:
        shutil.copy(committed.k6 / name, copy.k6)
    for script in committed.scripts.glob("*.js"):
        (copy.scripts / script.name).touch()
    copy.pipeline.mkdir(parents=True)
    shutil.copy(committed.pipeline_file, copy.pipeline)
    (copy.pipeline / "schema.sql").touch()
    return copy


@pytest.fixture
def put() -> Put:
    def write(path: Path, content: object) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")

    return write
