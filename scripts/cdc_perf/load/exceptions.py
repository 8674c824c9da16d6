"""Iterations that ended in an exception, as k6 logs them.

k6 counts such an iteration as complete and exits with 0; only its log names the exception
(https://github.com/grafana/k6/blob/v1.8.1/lib/executor/helpers.go, getIterationRunner).
"""

import re
from dataclasses import dataclass
from pathlib import Path

# logrus: time="..." level=error msg="..." executor=... scenario=... source=stacktrace
_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')
_EXECUTOR = re.compile(r'" executor=\S+ scenario=')
_MOST_CHARACTERS = 300


@dataclass(frozen=True)
class Exceptions:
    """The iterations of a k6 run that threw an exception.

    Attributes:
        count: The number of iterations.
        first: The first exception and its location, in one line; empty if there is none.
    """

    count: int = 0
    first: str = ""


def read_exceptions(log: Path) -> Exceptions:
    """Return the exceptions in k6's log; none if there is no log."""
    count, first = 0, ""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if "level=error" not in line or not _EXECUTOR.search(line):
                    continue
                count += 1
                found = _MESSAGE.search(line)
                if not first and found:
                    first = _one_line(found[1])
    except OSError:
        return Exceptions()
    return Exceptions(count, first)


def _one_line(message: str) -> str:
    """Return a message without escapes, with the first location of a stack trace."""
    lines = message.replace('\\"', '"').replace("\\t", " ").split("\\n")
    return " ".join(" ".join(lines[:2]).split())[:_MOST_CHARACTERS]
