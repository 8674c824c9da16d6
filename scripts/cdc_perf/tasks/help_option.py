"""`--help` and `-h` after a task, wherever they are: Invoke prints that task's help.

Invoke by itself takes them for the value of a positional argument or of an option that misses one,
so that `inv report --help` would look for a run of that name.
https://github.com/pyinvoke/invoke/issues/415
"""

from collections.abc import Callable

from invoke.parser.parser import ParseMachine

_HELP = "--help"
_SPELLINGS = (_HELP, "-h")


def install() -> None:
    """Let Invoke's parser see the option before it looks for values."""
    if ParseMachine.handle is not _handle:
        ParseMachine.handle = _handle  # type: ignore[method-assign, assignment]


_by_itself: Callable[[ParseMachine, str], None] = ParseMachine.handle


def _handle(machine: ParseMachine, token: str) -> None:
    in_task = machine.current_state != "unknown" and machine.context is not machine.initial
    asked = machine.initial.flags[_HELP] if in_task else None
    if asked is None or not (asked.value or token in _SPELLINGS):
        _by_itself(machine, token)
        return
    # What the task was given no longer matters, nor what it was not.
    asked.value = machine.context.name
    machine.flag = None
    for missing in machine.context.missing_positional_args:
        missing.value = ""
