"""What tests of settings files have in common."""

from collections.abc import Callable
from pathlib import Path

# Puts a JSON value, or a text as it stands, into a file of the checkout.
Put = Callable[[Path, object], None]
