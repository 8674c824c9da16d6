"""Numbers with their units, formatted for people."""

from math import isfinite

_WHOLE_FROM = 100
_TENTHS_FROM = 10
_MOST_DECIMALS = 17
BYTES = "B"
_BYTES = (BYTES, "B/h", "B/s")
_PREFIXES = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def figure(value: float, unit: str = "") -> str:
    """Return `value` with three or four significant digits and its unit: `2,310 ms`, `36.4 ms`.

    Bytes (`B`, `B/h`, `B/s`) use units of 1,024: `139 MiB`.
    """
    value, unit = _in_larger_unit(value, unit, exactly=False)
    return _with_unit(f"{value:,.{_decimals(value, unit)}f}", unit)


def limit_figure(limit: float, unit: str = "") -> str:
    """Return a threshold's value as it was set, with its unit: `2,000 ms`, `0.999`, `512 MiB`."""
    limit, unit = _in_larger_unit(limit, unit, exactly=True)
    return _with_unit(f"{limit:,.15g}", unit)


def figure_beside(value: float, limit: float, unit: str = "") -> str:
    """Return `figure(value)` with enough decimals to differ from the threshold's value.

    2,000.3 ms with a threshold of 2,000 ms becomes `2,000.3 ms`.
    """
    if value == limit or not isfinite(value) or unit in _BYTES:
        return figure(value, unit)
    decimals = _decimals(value, unit)
    while decimals < _MOST_DECIMALS and float(f"{value:.{decimals}f}") == limit:
        decimals += 1
    return _with_unit(f"{value:,.{decimals}f}", unit)


def _in_larger_unit(value: float, unit: str, *, exactly: bool) -> tuple[float, str]:
    """Return bytes in KiB, MiB, or GiB; if `exactly`, only if the number stays whole."""
    if unit in _BYTES:
        for name, size in _PREFIXES:
            if abs(value) >= size and not (exactly and value % size):
                return value / size, unit.replace("B", name)
    return value, unit


def _decimals(value: float, unit: str) -> int:
    if value == int(value):
        return 0
    if abs(value) >= _WHOLE_FROM:
        return 0
    if abs(value) >= _TENTHS_FROM:
        return 1
    return 2 if unit or abs(value) >= 1 else 4


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text
