r"""The one place that prints: nothing that is printed can control the terminal or show a password.

Logs, names, and answers of servers come from others. Characters that a terminal obeys, such as the
escape character, are printed as `\u001b`, which is also how JSON writes them.
"""

import re
import sys
import unicodedata

from cdc_perf.redaction import redacted

# Colors, of which the last one ends each: a terminal does nothing else by them.
_COLOR = re.compile(r"(\x1b\[(?:3[0-7]|0)m)")


def visible(text: str) -> str:
    """Return the text with its control, format, and unassigned characters made visible.

    Newlines and tabs stay. A carriage return before a newline does, too.
    """
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def _visible(letter: str) -> str:
    if letter in "\n\t" or letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def clean(text: str) -> str:
    """Return the text as it may be printed: all of it visible, and without passwords."""
    return visible(redacted(text))


def show(text: object, *, end: str = "\n", colors: bool = False) -> None:
    """Print what a command was asked for, on standard output.

    Args:
        text: The text.
        end: What follows it.
        colors: Our own colors are in it, and reach the terminal.
    """
    parts = _COLOR.split(str(text)) if colors else [str(text)]
    # The pattern has a group, so every second part is a color.
    shown = "".join(part if number % 2 else clean(part) for number, part in enumerate(parts))
    sys.stdout.write(f"{shown}{end}")


def say(line: str) -> None:
    """Print a line of progress or a failure, on standard error."""
    sys.stderr.write(f"{clean(line)}\n")
    sys.stderr.flush()
