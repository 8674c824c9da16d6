"""What it takes to add a scenario, and what a rename runs into: in a copy of the project."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.ci.emit import FOLDER
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout
from tests.policy.policies import File

PERFORMANCE = f"{FOLDER}/performance-test.yml"


@pytest.fixture
def copy(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / "copy"))


def python(copy: Path, *words: str) -> process.Completed:
    return process.run([sys.executable, "-m", *words], cwd=copy, check=False)


def add_scenario(copy: Path, **settings: str) -> None:
    checkout = Checkout.at(copy, {})
    scenarios = json.loads(checkout.scenarios_file.read_bytes())
    scenarios["burst"] = {**scenarios["baseline"], "description": "a burst", **settings}
    checkout.scenarios_file.write_text(json.dumps(scenarios), encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text, times = re.subn(old, new, path.read_text(encoding="utf-8"))
    assert times
    path.write_text(text, encoding="utf-8")


def test_the_files_are_up_to_date(copy: Path) -> None:
    completed = python(copy, "invoke", "workflow", "--check")
    assert (completed.exit_code, completed.output) == (0, "")


def test_a_new_scenario_has_its_session_its_choice_and_its_matrix_entry(copy: Path) -> None:
    add_scenario(copy)
    drifted = python(copy, "invoke", "workflow", "--check")
    assert drifted.exit_code == ExitCode.USAGE
    assert "+          - burst" in drifted.output
    assert drifted.output.endswith("remedy: run: inv workflow")

    assert python(copy, "invoke", "workflow").output == f"{PERFORMANCE}: written"
    text = (copy / PERFORMANCE).read_text(encoding="utf-8")
    inputs = File(PERFORMANCE, text).content["on"]["workflow_dispatch"]["inputs"]
    assert "burst" in inputs["scenario"]["options"]
    planned = python(copy, "invoke", "ci.plan", "--scenarios", "burst")
    assert '{"scenario":"burst","timeout_minutes":25}' in planned.output
    everything = python(copy, "invoke", "ci.plan", "--scenarios", "all")
    assert '{"scenario":"burst","timeout_minutes":25}' in everything.output
    listed = python(copy, "nox", "--list").output
    assert re.search(r"^- burst \[scenario\] -> Load-test: a burst\.$", listed, re.MULTILINE), (
        listed
    )


def test_a_scenario_without_its_script_is_refused_and_nothing_is_written(copy: Path) -> None:
    add_scenario(copy, script="burst-test.js")
    before = (copy / PERFORMANCE).read_bytes()
    completed = python(copy, "invoke", "workflow")
    assert completed.exit_code == ExitCode.USAGE
    assert completed.output.startswith(
        "sample/scenarios.json: burst: there is no script burst-test.js in "
    )
    assert (copy / PERFORMANCE).read_bytes() == before


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(
            "scripts/cdc_perf/tasks/namespace.py",
            r"perf\.perf, ",
            "",
            "workflow: the collection of tasks.py has no task 'perf'",
            id="a task that is not registered",
        ),
        pytest.param(
            "scripts/cdc_perf/tasks/perf.py",
            r"\benv\b",
            "envs",
            "workflow: step 'Run the scenario': inv perf has no argument 'env'; did you mean envs?",
            id="an argument that was renamed",
        ),
        pytest.param(
            "noxfile.py",
            r"@nox\.session\ndef typecheck",
            "def typecheck",
            "noxfile.py has no session 'typecheck'",
            id="a function that is no session any more",
        ),
    ],
)
def test_a_rename_ends_in_a_sentence(copy: Path, file: str, old: str, new: str, said: str) -> None:
    replace(copy / file, old, new)
    completed = python(copy, "invoke", "workflow", "--check")
    assert completed.exit_code == ExitCode.USAGE, completed.output
    assert said in completed.output
    assert "Traceback" not in completed.output


def test_a_task_under_another_name_is_called_by_that_name(copy: Path) -> None:
    replace(copy / "scripts/cdc_perf/tasks/namespace.py", 'name="ci"', 'name="github"')
    completed = python(copy, "invoke", "workflow", "--check")
    assert completed.exit_code == ExitCode.USAGE
    assert (
        "-        run: exec inv ci.gate k6/results\n+        run: exec inv github.gate k6/results"
        in (completed.output)
    )
