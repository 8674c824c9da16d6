"""The last lines of the components' logs."""

from collections.abc import Callable, Mapping

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.names import nearest
from cdc_perf.stack.backend import LogTail


def last_logs(tails: Callable[[int], Mapping[str, LogTail]], component: str, lines: int) -> str:
    """Return the last lines of each log under its name.

    Args:
        tails: Returns so many last lines by component.
        component: Only this one's; empty for all.
        lines: How many of each.

    Raises:
        UsageFailure: There is no such component, or the number is not positive.
    """
    if lines < 1:
        raise UsageFailure(f"--lines: {lines} is not a number of lines")
    found = tails(lines)
    if component and component not in found:
        raise UsageFailure(f"--component: unknown {component!r}; {nearest(component, found)}")
    chosen = {component: found[component]} if component else found
    blocks = []
    for name, tail in chosen.items():
        content = tail.lines or ("nothing logged",)
        blocks.append("\n".join((f"== {name} ({tail.where})", *content)))
    return "\n\n".join(blocks)
