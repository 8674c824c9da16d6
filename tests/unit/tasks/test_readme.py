"""The README's tables against what there is."""

import json
import re
from pathlib import Path

import tasks
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_exit_code_is_in_the_table_and_no_other() -> None:
    codes = re.findall(r"^\| (\d+) \|", README, re.MULTILINE)
    assert [int(code) for code in codes] == sorted(ExitCode)


def test_every_scenario_is_in_the_table_and_no_other() -> None:
    table = README.partition("| scenario | load |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE)
    assert named == list(json.loads(Checkout.here().scenarios_file.read_bytes()))


def test_every_command_is_named() -> None:
    for name in tasks.namespace.task_names:
        namespace, _, word = name.rpartition(".")
        assert f"inv {name}" in README or (namespace and f"`{word}`" in README), name


def test_every_option_of_the_main_job_is_in_the_table() -> None:
    options = {x.name.replace("_", "-") for x in tasks.namespace["perf"].get_arguments()}
    table = README.partition("| option of `inv perf` |")[2].partition("\n\n")[0]
    named = set(re.findall(r"^\| `--([a-z-]+)", table, re.MULTILINE))
    assert named == options
