"""`--pipeline DIR`: the option of every command that needs a pipeline."""

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.installation import IS_INSTALLED, ROOT
from cdc_perf.settings.paths import PIPELINE

_DEFAULT = "the current folder" if IS_INSTALLED else "pipelines/sample"
PIPELINE_HELP = f"folder of the pipeline (default: CDC_PIPELINE, else {_DEFAULT})"
_NAME = "pipeline"


def of_pipeline(body: Callable[..., None]) -> Callable[..., None]:
    """Give a task the option, which sets `CDC_PIPELINE` for this process and those that it starts.

    Invoke reads a task's options from its signature.
    """

    @functools.wraps(body)
    def run(*args: object, pipeline: str = "", **kwargs: object) -> None:
        given = pipeline or os.environ.get(PIPELINE, "")
        if given:
            option = "--pipeline" if pipeline else PIPELINE
            os.environ[PIPELINE] = str(pipeline_folder(given, option))
        body(*args, **kwargs)

    signature = inspect.signature(body)
    option = inspect.Parameter(_NAME, inspect.Parameter.KEYWORD_ONLY, default="", annotation=str)
    parameters = (*signature.parameters.values(), option)
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def pipeline_folder(given: str, option: str) -> Path:
    """Return the absolute folder.

    Raises:
        UsageFailure: It does not exist, or has no pipeline.toml.
    """
    folder = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - links stay
    if not folder.is_dir():
        raise UsageFailure(f"{option}: {folder} is not a folder")
    if not (folder / "pipeline.toml").exists():
        raise UsageFailure(
            f"{option}: {folder} has no pipeline.toml",
            hint="name the folder of a pipeline, such as pipelines/sample",
        )
    if IS_INSTALLED and folder.is_relative_to(ROOT):
        raise UsageFailure(
            f"{option}: {folder} belongs to the installation", hint="copy it to a folder of yours"
        )
    return folder
