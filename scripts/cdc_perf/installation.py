"""Where the tool runs from: a checkout, or an installed package with the checkout's files."""

from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).parent
# The package data of the wheel; a checkout does not have this folder.
_DATA = _PACKAGE / "data"
_COMMIT = _DATA / "commit"
IS_INSTALLED = _DATA.is_dir()
# The files that a checkout has: k6/, pipelines/, requirements/, src/, docker-compose.yml.
ROOT = _DATA if IS_INSTALLED else _PACKAGE.parents[1]
# How users type a command: `inv up`.
COMMAND = "cdc-perf" if IS_INSTALLED else "inv"
# The module that runs a command: `python -m invoke up`.
MODULE = "cdc_perf" if IS_INSTALLED else "invoke"


def installed_version() -> str:
    """Return the version of the installed package."""
    return metadata.version("cdc-perf")


def installed_commit() -> tuple[str, bool]:
    """Return the commit that the wheel was built from, and whether the folder differed from it."""
    commit, _, changed = _COMMIT.read_text(encoding="utf-8").strip().partition("+")
    return commit, bool(changed)
