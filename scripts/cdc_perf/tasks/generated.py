"""What the commands that write generated files share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cdc_perf.ci.drift import GeneratedFiles


def write_or_check(
    root: "Path", generated: "GeneratedFiles", *, check: bool, what: str, command: str
) -> None:
    """Write the files that differ; with `check`, show the differences and fail instead.

    Args:
        root: The repository.
        generated: The expected files.
        check: Whether to write nothing.
        what: Their name in the error, such as `the workflow files`.
        command: The command that writes them, for the remedy: `inv workflow`.

    Raises:
        UsageFailure: A file differs and `check` is set, or a file is not text.
    """
    from cdc_perf.ci.drift import find_drift, write
    from cdc_perf.errors import UsageFailure
    from cdc_perf.terminal import show

    if not check:
        for line in write(root, generated):
            show(line)
        return
    drift = find_drift(root, generated)
    for line in drift.lines():
        show(line)
    if drift:
        raise UsageFailure(f"{what} are out of date", hint=f"run: {command}")
