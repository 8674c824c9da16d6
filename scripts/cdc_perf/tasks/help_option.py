"""`--help` and `-h`, anywhere after a task, print that task's help.

Invoke takes them as the value of a positional argument or of an option without a value, so that
`inv report --help` would look for a run of that name.
https://github.com/pyinvoke/invoke/issues/415
"""

from collections.abc import Callable

from invoke.parser.parser import ParseMachine

_HELP = "--help"
_SPELLINGS = (_HELP, "-h")


def install() -> None:
    """Make Invoke's parser check for the option before it looks for values."""
    if ParseMachine.handle is not _handle:
        ParseMachine.handle = _handle  # type: ignore[method-assign, assignment]


_by_itself: Callable[[ParseMachine, str], None] = ParseMachine.handle


def _handle(machine: ParseMachine, token: str) -> None:
    in_task = machine.current_state != "unknown" and machine.context is not machine.initial
    asked = machine.initial.flags[_HELP] if in_task else None
    if asked is None or not (asked.value or token in _SPELLINGS):
        _by_itself(machine, token)
        return
    # The task's other arguments, given or missing, no longer matter.
    asked.value = machine.context.name
    machine.flag = None
    for missing in machine.context.missing_positional_args:
        missing.value = ""
