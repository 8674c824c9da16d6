"""Durations as k6 and Go write them."""

import re

from cdc_perf.errors import UsageFailure

MIN_RUN_SECONDS = 1
MAX_RUN_SECONDS = 24 * 60 * 60

_SECOND_MS = 1000
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_LEAST_SECONDS = 0.001
_EXAMPLES = "use a format such as 30s, 1m30s, 1h, or 500ms"


def parse_duration(text: str, *, where: str) -> float:
    """Return the seconds of a duration.

    The format is that of Go's `time.ParseDuration` (https://pkg.go.dev/time#ParseDuration) with the
    units h, m, s, and ms; a load test has no use for smaller units.

    Args:
        text: For example `30s`, `1m30s`, `1.5m`, `500ms`; at least 1 ms.
        where: The option, or the file and place, for the error message.

    Raises:
        UsageFailure: `text` is not a duration.
    """
    if not _WHOLE.fullmatch(text):
        raise UsageFailure(f"{where}: {text!r} is not a duration; {_EXAMPLES}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds < _LEAST_SECONDS:
        raise UsageFailure(f"{where}: {text!r} is zero or shorter than 1ms; {_EXAMPLES}")
    return seconds


def parse_run_duration(text: str, *, where: str = "--duration") -> float:
    """Return the seconds that a scenario should run: from 1 second, as in k6, to 24 hours.

    Raises:
        UsageFailure: `text` is not such a duration.
    """
    if text.startswith("-") and _WHOLE.fullmatch(text[1:]):
        raise UsageFailure(f"{where}: {text!r} is negative; {_EXAMPLES}")
    seconds = parse_duration(text, where=where)
    if seconds < MIN_RUN_SECONDS:
        raise UsageFailure(f"{where}: {text!r} is shorter than 1s; {_EXAMPLES}")
    if seconds > MAX_RUN_SECONDS:
        raise UsageFailure(f"{where}: {text!r} is longer than 24h; {_EXAMPLES}")
    return seconds


def format_duration(seconds: float) -> str:
    """Return `seconds` (not negative) in k6's format: `3m40s`, `1h`, `1.5s`, `500ms`.

    The result is rounded to whole milliseconds, and `parse_duration` can read it.
    """
    milliseconds = round(seconds * 1000)
    if 0 < milliseconds < _SECOND_MS:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60 * _SECOND_MS)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest / _SECOND_MS, "s")]
    return "".join(f"{number:g}{unit}" for number, unit in parts if number) or "0s"
