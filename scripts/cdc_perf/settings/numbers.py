"""Format numbers as JavaScript does."""

from decimal import Decimal
from math import isfinite

_LAST_PLAIN_EXPONENT = 21
_FIRST_PLAIN_EXPONENT = -6


def js_number(value: float) -> str:
    """Return JavaScript's `String(value)`: `2000`, `0.99`, `1e-7`.

    k6 names a threshold's result by its expression, which JavaScript composed, so finding it takes
    the same text. Both languages print the shortest digits that parse to the same double; only the
    position of the point differs: ECMAScript, Number::toString, radix 10
    (https://tc39.es/ecma262/#sec-numeric-types-number-tostring).

    Raises:
        ValueError: `value` is not finite.
    """
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{number} is not valid in a threshold")
    if number == 0:
        return "0"
    sign, digit_tuple, exponent = Decimal(repr(number)).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(digits) + int(exponent)
    return ("-" if sign else "") + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    if len(digits) <= point <= _LAST_PLAIN_EXPONENT:
        return digits.ljust(point, "0")
    if 0 < point <= _LAST_PLAIN_EXPONENT:
        return f"{digits[:point]}.{digits[point:]}"
    if _FIRST_PLAIN_EXPONENT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"
