"""The linters find nothing in the workflows, and each finds the fault that it is there for."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.ci.emit import FOLDER
from tests.workflow.act import ROOT, Repository
from tests.workflow.actionlint import actionlint

WORKFLOWS = ROOT / FOLDER
_BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def built() -> Path:
    return actionlint(ROOT)


@pytest.fixture
def lint(built: Path) -> Callable[[str, list[Path]], process.Completed]:
    commands: dict[str, list[str | Path]] = {
        # It runs shellcheck over every script. It does not know two properties of GitHub's.
        "actionlint": [
            *(built, "-shellcheck", _BIN / "shellcheck", "-pyflakes", ""),
            *("-ignore", 'property "workflow_(repository|sha)" is not defined in object type'),
        ],
        "zizmor": [_BIN / "zizmor", "--offline", "--no-progress", "--persona", "pedantic"],
        "check-jsonschema": [
            *(_BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
        ],
    }
    return lambda name, files: process.run([*commands[name], *files], check=False)


@pytest.mark.parametrize("name", ["actionlint", "zizmor", "check-jsonschema"])
def test_the_workflows_are_clean(
    lint: Callable[[str, list[Path]], process.Completed], name: str
) -> None:
    found = sorted(WORKFLOWS.glob("*.yml"))
    assert len(found) == 6
    completed = lint(name, found)
    assert completed.exit_code == 0, completed.output


@pytest.mark.parametrize("name", ["actionlint", "zizmor", "check-jsonschema"])
def test_the_files_of_another_repository_are_clean(
    lint: Callable[[str, list[Path]], process.Completed], shop: Repository, name: str
) -> None:
    completed = lint(name, sorted((shop.path / FOLDER).glob("*.yml")))
    assert completed.exit_code == 0, completed.output


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        pytest.param(
            "actionlint",
            "${{ steps.plan.outputs.matrix }}",
            "${{ steps.plann.outputs.matrix }}",
            'property "plann" is not defined',
            id="actionlint: an unknown step",
        ),
        pytest.param(
            "actionlint",
            'inv ci.plan --scenarios "$SCENARIOS"',
            "inv ci.plan --scenarios $SCENARIOS",
            "SC2086",
            id="shellcheck: a word without quotes",
        ),
        pytest.param(
            "zizmor",
            'inv ci.plan --scenarios "$SCENARIOS"',
            'inv ci.plan --scenarios "${{ inputs.scenarios }}"',
            "template-injection",
            id="zizmor: code from an input",
        ),
        pytest.param(
            "zizmor",
            "permissions: {}\n",
            "permissions: write-all\n",
            "excessive-permissions",
            id="zizmor: too many permissions",
        ),
        pytest.param(
            "check-jsonschema",
            "    timeout-minutes: 15\n",
            "    timeout-minute: 15\n",
            "timeout-minute",
            id="check-jsonschema: an unknown key",
        ),
    ],
)
def test_a_planted_fault_is_found(
    lint: Callable[[str, list[Path]], process.Completed],
    tmp_path: Path,
    name: str,
    old: str,
    new: str,
    said: str,
) -> None:
    text = (WORKFLOWS / "run.yml").read_text(encoding="utf-8")
    assert old in text
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    planted = folder / "performance-test.yml"
    planted.write_text(text.replace(old, new, 1), encoding="utf-8")
    completed = lint(name, [planted])
    assert completed.exit_code != 0
    assert said in completed.output
