"""A commit is ready for its release if every place agrees; each disagreement is named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf.release.check import release_problems
from cdc_perf.settings.paths import Checkout

ROOT = Checkout.here().root
FILES = (
    *("pyproject.toml", "CHANGELOG.md", "k6/Dockerfile", "k6/go.mod"),
    "requirements/embedded-go.txt",
)
Edit = Callable[[str, str, str], None]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A checkout whose version is 0.1.0, with a changelog for it."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    changelog = tmp_path / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8").replace("## Unreleased", "## 0.1.0 (2026-11-30)")
    changelog.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def edit(ready: Path) -> Edit:
    def change(name: str, old: str, new: str) -> None:
        path = ready / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def test_a_commit_whose_places_agree_is_ready(ready: Path) -> None:
    assert release_problems(ready, "v0.1.0") == ()


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"', "the tag is v0.1.0, and"),
        ("pyproject.toml", 'version = "0.1.0"', 'version = "0.1.dev1"', "is not MAJOR.MINOR.PATCH"),
        ("CHANGELOG.md", "## 0.1.0 (2026-11-30)", "## 0.1.0", "has no section '## 0.1.0 ("),
        (
            "CHANGELOG.md",
            "## 0.1.0 (2026-11-30)",
            "## Unreleased\n\n## 0.1.0 (2026-11-30)",
            "still has a section",
        ),
        ("k6/Dockerfile", "golang:1.27.3", "golang:1.26", "builds with Go 1.26, requirements"),
        (
            "k6/Dockerfile",
            "grafana/k6:1.8.1",
            "grafana/k6:1.8.0",
            "is based on k6 1.8.0, k6/go.mod",
        ),
    ],
)
def test_what_does_not_agree_is_named(
    ready: Path, edit: Edit, name: str, old: str, new: str, problem: str
) -> None:
    edit(name, old, new)
    assert any(problem in each for each in release_problems(ready, "v0.1.0"))
