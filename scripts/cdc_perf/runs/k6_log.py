"""The errors in k6's log; k6/scripts/lib/log.js logs only the first few of each kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MAX_BYTES = 2_000_000
# logrus: time="..." level=error msg="pg_write_errors: ..." source=console
_LINE = re.compile(
    r'^time="?(?P<time>[^" ]*)"? level=(?P<level>error|fatal|panic) '
    r'msg="(?P<message>(?:[^"\\\n]|\\.)*)"',
    re.MULTILINE,
)
_KIND = re.compile(r"([a-z][a-z0-9_]*): (.*)", re.DOTALL)
# Go quotes like JSON, with a few more escapes.
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r"}
OTHER = "k6"


@dataclass(frozen=True)
class Quote:
    """The first logged error of a kind."""

    time: str
    message: str


def quotes(path: Path) -> Mapping[str, Quote]:
    """Return the first error of each kind in k6's log; `k6` is the kind of errors without a metric.

    This reads at most the first two megabytes and raises nothing.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return {}
    found: dict[str, Quote] = {}
    for line in _LINE.finditer(text):
        message = _ESCAPE.sub(_unescaped, line["message"])
        kind = _KIND.fullmatch(message)
        name, rest = (kind[1], kind[2]) if kind else (OTHER, message)
        found.setdefault(name, Quote(line["time"], rest))
    return found


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code) if code <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"  # noqa: PLR2004 - Unicode's end
    return _SHORT.get(escape, escape)
