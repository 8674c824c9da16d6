"""The coverage session: its sums by package, and the lines and modules that it names."""

import importlib
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from coverage import Coverage, CoverageData

from cdc_perf.settings.paths import Checkout

ROOT = Checkout.here().root
VERDICT = "scripts/cdc_perf/verdict/judge.py"


def settings() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    coverage: dict[str, Any] = found["tool"]["coverage"]
    return coverage


def paths_alone(folder: Path) -> Path:
    """Write the paths of the project's settings to a file of their own.

    With the others, a second measurement in this process would end the one that measures the tests.
    """
    file = folder / "coveragerc"
    lines = [
        f"{name} =\n    " + "\n    ".join(paths) for name, paths in settings()["paths"].items()
    ]
    file.write_text("[paths]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    """Import it as the workflow's generator does: nox rejects a second registration."""
    return importlib.import_module("noxfile")


def measured(covered: int, *missing: int) -> dict[str, object]:
    """Return a file as coverage's JSON report has it."""
    lines = {"covered_lines": covered, "num_statements": covered + len(missing)}
    return {"summary": lines, "missing_lines": list(missing)}


def test_lines_are_counted_by_package(noxfile: ModuleType) -> None:
    files = {
        "src/cdc_consumer/loop.py": measured(5),
        "scripts/cdc_perf/results/points/store.py": measured(10, 3),
        "scripts/cdc_perf/results/hops.py": measured(20, 7, 8),
        "scripts/cdc_perf/errors.py": measured(4),
        VERDICT: measured(1, 9),
    }
    found = noxfile.by_package(files)
    assert found == {
        "cdc_consumer": (5, 5),
        "cdc_perf": (4, 4),
        "cdc_perf/results": (30, 33),
        "cdc_perf/verdict": (1, 2),
        "total": (40, 44),
    }
    assert list(found)[-1] == "total"


def test_a_package_without_lines_has_no_share(noxfile: ModuleType) -> None:
    files = {"scripts/cdc_perf/verdict/__init__.py": measured(0)}
    assert noxfile.by_package(files) == {}


@pytest.mark.parametrize(
    ("lines", "text"),
    [([], ""), ([7], "7"), ([7, 8], "7-8"), ([9, 3, 8, 7, 12], "3, 7-9, 12")],
)
def test_line_numbers_in_a_row_are_a_range(
    noxfile: ModuleType, lines: list[int], text: str
) -> None:
    assert noxfile.ranges(lines) == text


def test_uncovered_lines_are_those_of_the_packages_that_judge(noxfile: ModuleType) -> None:
    files = {
        VERDICT: measured(1, 9, 10),
        "scripts/cdc_perf/verdict/gates.py": measured(8),
        "scripts/cdc_perf/results/points/store.py": measured(10, 3),
        "scripts/cdc_perf/integrity/check.py": measured(10, 4),
        "scripts/cdc_perf/report/terminal.py": measured(10, 5),
        "src/cdc_consumer/loop.py": measured(5, 6),
    }
    assert noxfile.uncovered(files) == {
        "scripts/cdc_perf/integrity/check.py": "4",
        "scripts/cdc_perf/results/points/store.py": "3",
        VERDICT: "9-10",
    }


def test_a_module_that_no_test_imports_is_named(noxfile: ModuleType, tmp_path: Path) -> None:
    for name in ("scripts/cdc_perf/verdict/judge.py", "src/cdc_consumer/loop.py", "tests/x.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    found = noxfile.never_imported({VERDICT: measured(1)}, tmp_path)
    assert found == ["src/cdc_consumer/loop.py"]


def test_the_packages_that_judge_exist(noxfile: ModuleType) -> None:
    assert [name for name in noxfile.JUDGING if not (ROOT / name).is_dir()] == []


def test_a_measurement_in_a_copy_of_the_checkout_is_of_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    copied = tmp_path / "copy" / VERDICT
    for number, path in enumerate((ROOT / VERDICT, copied)):
        process = CoverageData(str(tmp_path / f"data.{number}"))
        process.add_lines({str(path): [number + 1]})
        process.write()
    session = Coverage(str(tmp_path / "data"), config_file=str(paths_alone(tmp_path)))
    session.combine()
    combined = session.get_data()
    (measured,) = combined.measured_files()
    assert Path(measured).resolve() == ROOT / VERDICT
    assert sorted(combined.lines(measured) or ()) == [1, 2]


def test_processes_that_tests_start_are_measured() -> None:
    run = settings()["run"]
    assert run["patch"] == ["subprocess"]
    # A stack's consumer is stopped with SIGTERM.
    assert run["sigterm"] is True
