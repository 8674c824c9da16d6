"""The wheel: one top-level package, `cdc_perf`, with its templates and a checkout's files."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
import uv

from cdc_perf import process

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "scripts"
PACKAGE = SOURCES / "cdc_perf"


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def package_files() -> set[str]:
    """Return the paths of the package's files, as they are in the wheel."""
    return {
        path.relative_to(SOURCES).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


# What commands read of a checkout.
READ = ("k6/", "pipelines/", "requirements/", "src/", "docker-compose.yml", ".dockerignore")
NOT_READ = re.compile(r"_test\.go$|^k6/(results|prometheus/tests)/|^k6/\.oxlintrc\.json$")


def checkout_files() -> set[str]:
    """Return the paths of the checkout's files that are package data, as they are in the wheel."""
    files = process.run(["git", "-C", ROOT, "ls-files"]).output.splitlines()
    read = (x for x in files if x.startswith(READ) and not NOT_READ.search(x))
    return {*(f"cdc_perf/data/{path}" for path in read), "cdc_perf/data/commit"}


def test_the_build_needs_no_metadata_of_its_own() -> None:
    assert PROJECT["build-system"]["build-backend"] == "hatchling.build"
    # Nothing in the metadata needs a build, so `nox -s lock` compiles it without hatchling.
    assert "dynamic" not in PROJECT["project"]


def test_what_the_consumer_needs_is_installed_with_the_harness_that_runs_it() -> None:
    installed = set(PROJECT["project"]["dependencies"])
    assert set(PROJECT["dependency-groups"]["consumer"]) <= installed


def test_scripts_is_a_source_root_and_no_package() -> None:
    assert not (SOURCES / "__init__.py").exists()
    names = {path.name for path in SOURCES.iterdir() if path.name != "__pycache__"}
    assert names == {"cdc_perf", "wheel_commit.py"}


@pytest.mark.slow
def test_the_wheel_has_the_package_and_what_commands_read_each_once(tmp_path: Path) -> None:
    process.run([uv.find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", tmp_path, ROOT])
    (wheel,) = tmp_path.glob("*.whl")
    info = f"cdc_perf-{PROJECT['project']['version']}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.startswith(f"{info}/")]
    assert set(names) == package_files() | checkout_files()
    assert len(names) == len(set(names))
    assert not [name for name in names if "/tests/" in name]
