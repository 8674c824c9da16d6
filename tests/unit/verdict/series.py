"""Series made for tests."""

from math import sqrt
from random import Random


def autoregression(count: int, phi: float, seed: int) -> list[float]:
    """Return a stationary AR(1) series of mean 0, its innovations of variance 1."""
    random = Random(seed)  # noqa: S311 - noise, not a secret
    value, series = random.gauss(0, 1) / sqrt(1 - phi**2), []
    for _ in range(count):
        value = phi * value + random.gauss(0, 1)
        series.append(value)
    return series
