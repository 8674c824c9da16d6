"""The last lines of the components' logs."""

from collections.abc import Mapping
from pathlib import Path

from scripts.errors import UsageFailure
from scripts.settings.names import nearest
from scripts.stack.local.supervisor import last_lines


def last_logs(files: Mapping[str, Path], component: str, lines: int) -> str:
    """Return the last lines of each log under its name.

    Args:
        files: The log files by component.
        component: Only this one's; empty for all.
        lines: How many of each.

    Raises:
        UsageFailure: There is no such component, or the number is not positive.
    """
    if component and component not in files:
        raise UsageFailure(f"--component: unknown {component!r}; {nearest(component, files)}")
    if lines < 1:
        raise UsageFailure(f"--lines: {lines} is not a number of lines")
    chosen = {component: files[component]} if component else files
    blocks = []
    for name, path in chosen.items():
        found = last_lines(path, lines)
        blocks.append("\n".join((f"== {name} ({path})", *(found or ("nothing logged",)))))
    return "\n\n".join(blocks)
