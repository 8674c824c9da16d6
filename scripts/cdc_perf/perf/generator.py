"""Install k6 when a run needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.catalogue import catalogue
from cdc_perf.tools.install import install_all


@dataclass(frozen=True)
class K6Installer:
    """The k6 of a checkout.

    Attributes:
        version: The version of k6.
        install: Returns the binary, after building it if it is missing.
    """

    version: str
    install: Callable[[], Path]


def load_generator(checkout: Checkout, cache: Cache) -> K6Installer:
    """Return the k6 that the checkout's Go module defines.

    Raises:
        StackFailure: A source file is missing.
    """
    k6 = catalogue(checkout.root, cache).k6

    def install() -> Path:
        install_all(cache, (k6,))
        return cache.path(k6) / "k6"

    return K6Installer(k6.version, install)
