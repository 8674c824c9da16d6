import os
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke import Exit

import tasks
from cdc_perf.errors import ExitCode
from cdc_perf.tasks.command import command
from cdc_perf.tasks.pipeline_option import of_pipeline

# Commands that work without a pipeline: on the checkout itself, or on the whole tool cache.
_WITHOUT = {
    *("ci.plan", "ci.gate", "ci.judge", "dashboards", "schemas", "tools.clean"),
    *(f"release.{x}" for x in ("check", "k6", "image", "index", "assets", "notes")),
}


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    # `command` changes the environment of the process.
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ.pop("CDC_PIPELINE", None)

    def body(seen: list[str | None]) -> None:
        seen.append(os.environ.get("CDC_PIPELINE"))

    return command(of_pipeline(body))


def test_every_command_that_needs_a_pipeline_has_the_option() -> None:
    without = {
        name
        for name in tasks.namespace.task_names
        if not any(each.name == "pipeline" for each in tasks.namespace[name].get_arguments())
    }
    assert without == _WITHOUT


@pytest.mark.parametrize("given_by", ["option", "variable"])
def test_the_folder_is_passed_on_with_its_absolute_path(
    task: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_by: str
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "pipeline.toml").touch()
    monkeypatch.chdir(tmp_path)
    seen: list[str | None] = []
    if given_by == "option":
        os.environ["CDC_PIPELINE"] = "/the/option/comes/first"
        task(seen, pipeline="ours")
    else:
        os.environ["CDC_PIPELINE"] = "ours"
        task(seen)
    assert seen == [str(tmp_path / "ours")]


def test_without_either_the_sample_is_meant(task: Callable[..., None]) -> None:
    seen: list[str | None] = []
    task(seen)
    assert seen == [None]


@pytest.mark.parametrize(
    ("variable", "option", "line"),
    [
        ("", "/gone", "--pipeline: /gone is not a folder"),
        ("/gone", "", "CDC_PIPELINE: /gone is not a folder"),
        ("", "/", "--pipeline: / has no pipeline.toml"),
    ],
)
def test_a_folder_without_a_pipeline_is_a_usage_error(
    task: Callable[..., None], variable: str, option: str, line: str
) -> None:
    os.environ["CDC_PIPELINE"] = variable
    with pytest.raises(Exit) as caught:
        task([], pipeline=option)
    assert caught.value.code == ExitCode.USAGE
    assert str(caught.value.message).startswith(line)
