"""`--help` after every task, whatever else is typed."""

import inspect
import re
from pathlib import Path

import pytest

import tasks
from cdc_perf.errors import ExitCode
from tests.unit.inv import inv
from tests.unit.recorded_runs import row, write_run

NAMES = tasks.namespace.task_names
SPELLINGS = ("--help", "-h")
# Read before any test runs: Invoke takes the texts out of a task when it parses a command.
HELP = {name: dict(tasks.namespace[name].help) for name in NAMES}
LONGEST_LINE = 90


pytestmark = pytest.mark.usefixtures("without_signals")


def helped(name: str, *words: str, capsys: pytest.CaptureFixture[str]) -> bool:
    """Return whether the command exits with 0 and prints that task's help, and nothing else."""
    code = inv(name, *words)
    out, err = capsys.readouterr()
    return code == 0 and not err and out.startswith("Usage: ") and f" {name} " in out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_task_prints_its_help(
    name: str, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert helped(name, spelling, capsys=capsys)
    assert helped(name, spelling, "latest", capsys=capsys)
    assert helped(name, "-x", spelling, capsys=capsys) or not _positional(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_help_is_no_value_of_an_option(
    name: str, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for argument in tasks.namespace[name].get_arguments():
        for option in argument.names:
            flag = f"--{option}" if len(option) > 1 else f"-{option}"
            assert helped(name, flag, spelling, capsys=capsys), flag


@pytest.mark.parametrize("name", NAMES)
def test_the_list_says_in_one_short_sentence_what_a_task_does(name: str) -> None:
    line = (tasks.namespace[name].__doc__ or "").partition("\n")[0]
    verb = line.partition(" ")[0]
    assert len(line) <= LONGEST_LINE
    assert line.endswith(".")
    # The imperative, such as `Show`; not `Shows` or `Showing`.
    assert verb[:1].isupper()
    assert not re.search(r"[^s]s$|ing$", verb)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_help_that_continues_its_name(name: str) -> None:
    _, *options = inspect.signature(tasks.namespace[name].body).parameters
    assert sorted(HELP[name]) == sorted(options)
    assert not [text for text in HELP[name].values() if not text or text.endswith(".")]


@pytest.mark.parametrize("name", NAMES)
def test_no_option_is_spelled_as_help_is(name: str) -> None:
    names = {x for argument in tasks.namespace[name].get_arguments() for x in argument.names}
    assert not names & {"h", "help"}


def _positional(name: str) -> bool:
    return any(argument.positional for argument in tasks.namespace[name].get_arguments())


def test_a_value_may_begin_with_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    folder = write_run(tmp_path, [row("baseline")])
    assert inv("report", folder.name, "--base", "-helpless") == ExitCode.USAGE
    assert "-helpless" in capsys.readouterr().err


def test_the_list_of_tasks_and_invoke_s_own_help_are_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (("--help",), ("-h",), ("--help", "report"), ("--list",)):
        assert inv(*words) == 0
        assert capsys.readouterr().out
