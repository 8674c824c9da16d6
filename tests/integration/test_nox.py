"""Sessions use the environment that nox is asked for, and no other one that is there."""

import sys
from pathlib import Path

import pytest
import uv

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout
from tests.integration.conftest import copy_checkout

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
SYSTEM = "/usr/bin:/bin"
OURS = f"the session's own inv, {ExitCode.FAIL}"
OLD = "an old inv"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path: nox gives an environment another name where the path is long."""
    return tmp_path_factory.mktemp("nox")


@pytest.fixture
def copy(folder: Path) -> Checkout:
    """A checkout with an environment of an earlier session, whose `inv` succeeds."""
    checkout = copy_checkout(folder / "checkout")
    plant(checkout, checkout.root / ".nox", f"#!/bin/sh\necho {OLD}\n")
    return checkout


def plant(checkout: Checkout, folder: Path, inv: str) -> None:
    """Make the scenarios' environment, with that `inv` and all that it should have installed."""
    place = folder / "environment"
    process.run([uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, place])
    (place / "bin" / "inv").write_text(inv, encoding="utf-8")
    (place / "bin" / "inv").chmod(0o755)
    lock = (checkout.root / "requirements" / "perf.txt").read_bytes()
    (place / "perf.installed").write_bytes(lock)


def nox(copy: Checkout, *words: str, env: dict[str, str] | None = None) -> process.Completed:
    return process.run(
        [sys.executable, "-m", "nox", *words, "--session", "report", "--", "nothing"],
        cwd=copy.root,
        env={"PATH": f"{BIN}:{SYSTEM}", "NO_COLOR": "1", **(env or {})},
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [("--reuse-existing-virtualenvs",), ("--no-install",), ("-R",)],
)
@pytest.mark.parametrize("given", ["there", "/elsewhere"])
def test_the_folder_of_environments_is_the_one_that_is_given(
    copy: Checkout, folder: Path, words: tuple[str, ...], given: str
) -> None:
    place = copy.root / given if given == "there" else folder / "elsewhere"
    plant(copy, place, f'#!/bin/sh\necho "{OURS}"\nexit {ExitCode.FAIL}\n')
    completed = nox(copy, "--envdir", given if given == "there" else str(place), *words)
    assert completed.exit_code == 1
    assert OURS in completed.output
    assert OLD not in completed.output


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("--force-venv-backend", "none"), {}),
        (("--no-venv",), {}),
        ((), {"NOX_DEFAULT_VENV_BACKEND": "none"}),
        # Not activated: nox was called by its path.
        (("--no-venv",), {"PATH": SYSTEM}),
    ],
)
def test_without_an_environment_of_its_own_a_session_uses_yours(
    copy: Checkout, words: tuple[str, ...], env: dict[str, str]
) -> None:
    completed = nox(copy, *words, env=env)
    assert completed.exit_code == 1
    assert str(BIN / "inv") in completed.output
    assert f"exit {ExitCode.USAGE}" in completed.output
    assert OLD not in completed.output


def test_an_inv_without_its_libraries_is_passed_over(copy: Checkout, tmp_path: Path) -> None:
    plant(copy, tmp_path, "#!/bin/sh\necho a bare inv\n")
    bare = tmp_path / "environment" / "bin"
    completed = nox(copy, "--no-venv", env={"PATH": f"{bare}:{BIN}:{SYSTEM}"})
    assert "a bare inv" not in completed.output
    assert f"exit {ExitCode.USAGE}" in completed.output


def test_where_nothing_is_installed_the_lock_file_is_named(copy: Checkout, tmp_path: Path) -> None:
    place = tmp_path / "bare"
    process.run([uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, place])
    # nox and what it needs itself, without what the project needs.
    library = next((place / "lib").glob("python3*")) / "site-packages"
    installed = next((BIN.parent / "lib").glob("python3*")) / "site-packages"
    (library / "ours.pth").write_text(f"{installed}\n", encoding="utf-8")
    hidden = "import importlib.metadata as m; m.distributions = lambda **_: iter(())\n"
    (library / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    (place / "bin" / "inv").symlink_to(BIN / "inv")
    completed = process.run(
        [place / "bin" / "python", "-m", "nox", "--no-venv", "--session", "report"],
        cwd=copy.root,
        env={"PATH": SYSTEM, "NO_COLOR": "1"},
        check=False,
    )
    assert completed.exit_code == 1
    assert "requirements/perf.txt" in completed.output
    assert "Traceback" not in completed.output
    assert OLD not in completed.output


def test_what_was_not_installed_is_not_taken_for_installed(copy: Checkout) -> None:
    stale = copy.root / ".nox" / "environment" / "perf.installed"
    stale.write_text("another lock file", encoding="utf-8")
    nox(copy, "-R")
    assert stale.read_text(encoding="utf-8") == "another lock file"


def test_a_session_that_only_installs_does_not_pass(copy: Checkout) -> None:
    completed = process.run(
        [sys.executable, "-m", "nox", "--install-only", "--session", "baseline"],
        cwd=copy.root,
        env={"PATH": f"{BIN}:{SYSTEM}", "NO_COLOR": "1"},
    )
    assert "PASS" not in completed.output
