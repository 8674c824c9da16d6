"""What the commands that write generated files have in common."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdc_perf.ci.drift import GeneratedFiles


def write_or_check(generated: "GeneratedFiles", *, check: bool, what: str, command: str) -> None:
    """Write what differs from its files, or say how they differ.

    Args:
        generated: The files as they should be.
        check: Write nothing.
        what: What they are, for the error: `the workflow files`.
        command: What writes them, for the remedy: `inv workflow`.

    Raises:
        UsageFailure: `check`, and a file differs; or one cannot be read as text.
    """
    from cdc_perf.ci.drift import find_drift, write
    from cdc_perf.errors import UsageFailure
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show

    root = Checkout.here().root
    if not check:
        for line in write(root, generated):
            show(line)
        return
    drift = find_drift(root, generated)
    for line in drift.lines():
        show(line)
    if drift:
        raise UsageFailure(f"{what} are not what is generated", hint=f"run: {command}")
