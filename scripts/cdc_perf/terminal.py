r"""The only module that prints: its output cannot control the terminal or show a password.

Logs, names, and server answers are untrusted. Characters that control a terminal, such as the
escape character, are printed as `\u001b`, as JSON writes them.
"""

import re
import sys
import unicodedata

from cdc_perf.redaction import redacted

# Colors; the last alternative resets them. They have no other effect on a terminal.
_COLOR = re.compile(r"(\x1b\[(?:3[0-7]|0)m)")


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
