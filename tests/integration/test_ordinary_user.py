"""The main job as an ordinary user, where the tests themselves run as root."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
import uv

from cdc_perf import process, process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE, Cache
from tests.integration.conftest import ROOT, copy_checkout
from tests.integration.inv import Inv, processes_of, read

USER, GROUP = "nobody", "nogroup"
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of mode 700 that belongs to an ordinary user."""
    folder = Path(mkdtemp(prefix="cdc-perf-home-"))
    yield folder
    process_tags.end_tagged_processes(folder)
    shutil.rmtree(folder)


def python_for_everyone() -> str:
    """Return a Python that another user may run: root's own may lie in root's home."""
    check = "import sys; sys.exit(sys.version_info[:2] != tuple(map(int, sys.argv[1:])))"
    version = [str(part) for part in sys.version_info[:2]]
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable):
        if Path(candidate).exists():
            words = [*AS_USER, candidate, "-c", check, *version]
            if process.run(words, check=False).exit_code == 0:
                return candidate
    pytest.skip(f"no Python {'.'.join(version)} that {USER} may run")


def test_the_main_job_as_an_ordinary_user(home: Path) -> None:
    python = home / "venv" / "bin" / "python"
    environment = {
        "HOME": str(home),
        # The tools are there already; they are the same for every user.
        ENVIRONMENT_VARIABLE: str(Cache.of_environment().root),
    }
    requirements = ROOT / "requirements" / "perf.txt"
    binary = uv.find_uv_bin()
    process.run([binary, "venv", "--quiet", "--python", python_for_everyone(), home / "venv"])
    words = ("--quiet", "--require-hashes", "--requirement", requirements, "--python", python)
    process.run([binary, "pip", "install", *words])
    inv = Inv(copy_checkout(home / "checkout"))
    inv.set_limits({"baseline": {"cdc_e2e_latency": {"p50": 20_000}}})
    process.run(["chown", "--recursive", f"{USER}:{GROUP}", home])

    completed = process.run(
        [
            *(*AS_USER, python, "-m", "invoke", "perf"),
            *("--scenarios", "baseline", "--duration", "10s"),
        ],
        cwd=inv.checkout.root,
        env=environment,
        check=False,
    )
    assert completed.exit_code == ExitCode.PASS, completed.output
    run = inv.run_of(completed)
    assert read(run / "run.json")["status"] == "complete"
    assert run.owner() == USER
    assert processes_of(home) == []
