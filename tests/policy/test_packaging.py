"""The wheel of the harness: one top-level package, `cdc_perf`, with its templates and data."""

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


def test_the_build_takes_only_the_harness() -> None:
    assert PROJECT["build-system"]["build-backend"] == "hatchling.build"
    targets = PROJECT["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"] == {"packages": ["scripts/cdc_perf"]}
    assert targets["sdist"] == {"only-include": ["scripts/cdc_perf"]}
    # Nothing in the metadata needs a build, so `nox -s lock` compiles it without hatchling.
    assert "dynamic" not in PROJECT["project"]


def test_scripts_is_a_source_root_and_no_package() -> None:
    assert not (SOURCES / "__init__.py").exists()
    assert [path.name for path in SOURCES.iterdir() if path.name != "__pycache__"] == ["cdc_perf"]


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_package_and_nothing_else(tmp_path: Path) -> None:
    process.run([uv.find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", tmp_path, ROOT])
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"cdc_perf-{PROJECT['project']['version']}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"cdc_perf", info}
    assert "cdc_perf/report/html/templates/report.html.j2" in names
    assert "cdc_perf/load/k6_config.json" in names
    assert {name for name in names if not name.startswith(f"{info}/")} == package_files()
