"""Dates and times as PostgreSQL prints them, over its whole range: years BC, 294276, infinity.

Python's types hold the years 1 to 9999 and no `24:00`, so this module uses numbers. Texts are
those of `DateStyle` ISO; https://www.postgresql.org/docs/current/datatype-datetime.html. Debezium's
forms: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types
"""

import re

from cdc_perf.stack.infinite import INFINITE_DAYS, INFINITE_MICROSECONDS, INFINITE_MILLISECONDS

_DAY_MICROSECONDS = 86_400_000_000
_INT64 = range(-(2**63), 2**63)
_DATE = r"(\d{4,})-(\d\d)-(\d\d)"
_CLOCK = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?"
_ZONE = r"([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?"
_IS_DATE = re.compile(_DATE + r"( BC)?", re.ASCII)
_IS_TIME = re.compile(_CLOCK, re.ASCII)
_IS_TIMETZ = re.compile(_CLOCK + _ZONE, re.ASCII)
_IS_TIMESTAMP = re.compile(_DATE + " " + _CLOCK + r"( BC)?", re.ASCII)
_IS_TIMESTAMPTZ = re.compile(_DATE + " " + _CLOCK + _ZONE + r"( BC)?", re.ASCII)
_IS_INSTANT = re.compile(r"([+-]?\d{4,})-(\d\d)-(\d\d)T" + _CLOCK + r"Z", re.ASCII)
_IS_ZONED_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?Z", re.ASCII)
_IS_INTERVAL = re.compile(
    r"(?:(-?\+?\d+) years? ?)?(?:(-?\+?\d+) mons? ?)?(?:(-?\+?\d+) days? ?)?"
    r"(?:([+-]?)(\d{2,}):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?",
    re.ASCII,
)
# Debezium's `MicroDuration.DAYS_PER_MONTH_AVG`.
_DAYS_PER_MONTH = 365.25 / 12


def days(text: str) -> int:
    """Return a date as days since 1970-01-01; infinite dates as Debezium sends them.

    Raises:
        ValueError: The text is not a date.
    """
    if text in INFINITE_DAYS:
        return INFINITE_DAYS[text]
    year, month, day, before = _groups(_IS_DATE, text)
    return _days(_year(year, before), int(month), int(day))


def microseconds_of_day(text: str) -> int:
    """Return a time of day in microseconds; 24:00 is 86,400,000,000.

    Raises:
        ValueError: The text is not a time.
    """
    return _clock(*_groups(_IS_TIME, text))


def microseconds(text: str) -> int:
    """Return a timestamp as microseconds since 1970; infinite ones as Debezium sends them.

    Raises:
        ValueError: The text is not a timestamp, or exceeds 64 bits: Debezium's number wraps around.
    """
    if text in INFINITE_MICROSECONDS:
        return INFINITE_MICROSECONDS[text]
    found = _timestamp(text)
    if found not in _INT64:
        raise ValueError(text)
    return found


def milliseconds(text: str) -> int:
    """Return a timestamp as milliseconds since 1970; infinite ones as Debezium sends them.

    Raises:
        ValueError: The text is not a timestamp.
    """
    if text in INFINITE_MILLISECONDS:
        return INFINITE_MILLISECONDS[text]
    return _timestamp(text) // 1000


def instant(text: str) -> int | str:
    """Return a timestamp with time zone as microseconds since 1970 in UTC, or the infinite text.

    Raises:
        ValueError: The text is not a timestamp with time zone.
    """
    if text in INFINITE_MICROSECONDS:
        return text
    year, month, day, *clock, sign, hours, minutes, seconds, before = _groups(_IS_TIMESTAMPTZ, text)
    at = _days(_year(year, before), int(month), int(day)) * _DAY_MICROSECONDS + _clock(*clock)
    return at - _offset(sign, hours, minutes, seconds)


def sent_instant(text: str) -> int | str:
    """Convert Debezium's text like `instant`: ISO 8601 in UTC; the year 0 is 1 BC.

    Raises:
        ValueError: The text is not in this form.
    """
    if text in INFINITE_MICROSECONDS:
        return text
    year, month, day, *clock = _groups(_IS_INSTANT, text)
    return _days(int(year), int(month), int(day)) * _DAY_MICROSECONDS + _clock(*clock)


def utc_time(text: str) -> int:
    """Return a time with time zone in UTC, as microseconds of the day; 24:00 in UTC stays 24:00.

    Raises:
        ValueError: The text is not a time with time zone.
    """
    *clock, sign, hours, minutes, seconds = _groups(_IS_TIMETZ, text)
    at, offset = _clock(*clock), _offset(sign, hours, minutes, seconds)
    return at if offset == 0 else (at - offset) % _DAY_MICROSECONDS


def sent_time(text: str) -> int:
    """Convert Debezium's text like `utc_time`: ISO 8601 in UTC; seconds of 0 may be omitted.

    Raises:
        ValueError: The text is not in this form.
    """
    hours, minutes, seconds, fraction = _groups(_IS_ZONED_TIME, text)
    return _clock(hours, minutes, seconds or "0", (fraction or "0")[:6])


def duration(text: str) -> int:
    """Return an interval in microseconds as Debezium counts them: a month has 365.25 / 12 days.

    The arithmetic is that of `MicroDuration.durationMicros`, in doubles.

    Raises:
        ValueError: The interval is infinite (Debezium sends 0) or exceeds 64 bits (it sends the
            largest number), or the text is not in the style `postgres`.
    """
    found = _IS_INTERVAL.fullmatch(text)
    if not text or found is None:
        raise ValueError(text)
    years, months, whole_days, sign, hours, minutes, seconds, fraction = found.groups()
    factor = -1 if sign == "-" else 1
    in_days = (int(years or 0) * 12 + int(months or 0)) * _DAYS_PER_MONTH + int(whole_days or 0)
    in_hours = in_days * 24 + factor * int(hours or 0)
    rest = factor * (int(seconds or 0) + int((fraction or "0").ljust(6, "0")) / 1e6)
    in_seconds = (in_hours * 60 + factor * int(minutes or 0)) * 60 + rest
    found_microseconds = int(in_seconds * 1e6)
    if found_microseconds not in _INT64:
        raise ValueError(text)
    return found_microseconds


_BOUND = re.compile(r'"?(\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d[^",]*)"?')


def range_of_instants(text: str) -> str:
    """Return a tstzrange with its bounds as microseconds since 1970, independent of the time zone.

    Raises:
        ValueError: A bound is not a timestamp with time zone.
    """
    return _BOUND.sub(lambda found: str(instant(found[1])), text)


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found.groups("")


def _year(text: str, before_christ: str) -> int:
    """Return the astronomical year: 1 BC is 0."""
    return 1 - int(text) if before_christ else int(text)


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 in the proleptic Gregorian calendar, for any year.

    https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    """
    if not (1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004 - calendar constants
        raise ValueError(f"{year}-{month}-{day}")
    shifted = year - (month <= 2)  # noqa: PLR2004 - years begin in March here
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _clock(hours: str, minutes: str, seconds: str, fraction: str) -> int:
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1_000_000 + int(fraction.ljust(6, "0"))


def _offset(sign: str, hours: str, minutes: str, seconds: str) -> int:
    factor = -1 if sign == "-" else 1
    return factor * _clock(hours, minutes or "0", seconds or "0", "")


def _timestamp(text: str) -> int:
    year, month, day, *clock, before = _groups(_IS_TIMESTAMP, text)
    return _days(_year(year, before), int(month), int(day)) * _DAY_MICROSECONDS + _clock(*clock)
