"""Every linter sees what it is there for: a fault planted in a copy turns its session red."""

import sys
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.settings.paths import Checkout
from tests.integration.conftest import copy_checkout

pytestmark = pytest.mark.slow

FILE = "scripts/cdc_perf/files.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_checkout(tmp_path_factory.mktemp("linted") / "checkout")


def nox(copy: Checkout, session: str) -> process.Completed:
    """Run a session with the linters of this environment."""
    return process.run(
        [sys.executable, "-m", "nox", "--force-venv-backend", "none", "--session", session],
        cwd=copy.root,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "NO_COLOR": "1"},
        check=False,
    )


@pytest.mark.parametrize(
    ("file", "planted", "session", "said"),
    [
        pytest.param(
            FILE,
            "def f(x): return x\n",
            "lint",
            "ANN001",
            id="no type: ruff",
        ),
        pytest.param(
            FILE,
            "X = (1,\n     2)\n",
            "lint",
            "would be reformatted",
            id="format",
        ),
        pytest.param(
            "scripts/cdc_perf/errors.py",
            "import cdc_perf.waiting  # noqa: E402, F401\n",
            "lint",
            "a package imports only from the packages below it BROKEN",
            id="an import upwards",
        ),
        pytest.param(
            FILE,
            "import cdc_consumer  # noqa: E402, F401\n",
            "lint",
            "know nothing of each other BROKEN",
            id="an import of the consumer",
        ),
        pytest.param("k6/scripts/lib/log.js", "nowhere();\n", "lint", "no-undef", id="JavaScript"),
        pytest.param(
            "scripts/cdc_perf/report/html/templates/look.js",
            "var x = 1;\n",
            "lint",
            "no-var",
            id="the report's JavaScript",
        ),
        pytest.param(
            FILE,
            'X: int = "text"\n',
            "typecheck",
            "[assignment]",
            id="a wrong type",
        ),
    ],
)
def test_a_planted_fault_turns_the_session_red(
    copy: Checkout, file: str, planted: str, session: str, said: str
) -> None:
    path = copy.root / file
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"{before}\n\n{planted}", encoding="utf-8")
        completed = nox(copy, session)
    finally:
        path.write_text(before, encoding="utf-8")
    assert completed.exit_code == 1, completed.output
    assert said in completed.output


@pytest.mark.parametrize("session", ["lint", "typecheck"])
def test_without_a_fault_the_session_is_green(copy: Checkout, session: str) -> None:
    completed = nox(copy, session)
    assert completed.exit_code == 0, completed.output
