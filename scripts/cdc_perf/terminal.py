r"""The only module that prints: its output cannot control the terminal or show a password.

Logs, names, and server answers are untrusted. Characters that control a terminal, such as the
escape character, are printed as `\u001b`, as JSON writes them.
"""

import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cdc_perf.redaction import redacted

# Colors; the last alternative resets them. They have no other effect on a terminal.
_COLOR = re.compile(r"(\x1b\[(?:3[0-7]|0)m)")
Write = Callable[[str], None]
# Of this thread: a thread starts without the redirection of the one that started it.
_redirected: ContextVar[Write | None] = ContextVar("redirected", default=None)


def visible(text: str) -> str:
    """Return the text with its control, format, and unassigned characters made visible.

    Newlines and tabs are kept, and so is a carriage return before a newline.
    """
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def _visible(letter: str) -> str:
    if letter in "\n\t" or letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def clean(text: str) -> str:
    """Return the text for printing: all visible, and without passwords."""
    return visible(redacted(text))


def show(text: object, *, end: str = "\n", colors: bool = False) -> None:
    """Print a command's result to standard output.

    Args:
        text: The text.
        end: The text to print after it.
        colors: Whether the text contains the harness's own colors, which are kept.
    """
    parts = _COLOR.split(str(text)) if colors else [str(text)]
    # The pattern has a group, so every second part is a color.
    shown = "".join(part if number % 2 else clean(part) for number, part in enumerate(parts))
    sys.stdout.write(f"{shown}{end}")


def say(line: str) -> None:
    """Print a line of progress or a failure to standard error."""
    sys.stderr.write(f"{clean(line)}\n")
    sys.stderr.flush()


class ProgressHandler(logging.Handler):
    """Writes each message as a line, without a time or a level: the messages are for people.

    A handler has a lock, so lines of several threads come out whole. An exception of the function
    that takes the line reaches the caller: a tool's build ends in it when it is canceled.
    """

    def __init__(self, write: Write = say) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message, or pass it to the function of `progress_to`."""
        (_redirected.get() or self._write)(self.format(record))


_HANDLER = ProgressHandler()


def show_progress() -> None:
    """Print what the harness's modules log, from INFO on; loggers of libraries stay as they are."""
    log = logging.getLogger(__package__)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(_HANDLER)


@contextmanager
def progress_to(write: Write) -> Iterator[None]:
    """Pass the messages of this thread in the block to a function instead of printing them."""
    token = _redirected.set(write)
    try:
        yield
    finally:
        _redirected.reset(token)
