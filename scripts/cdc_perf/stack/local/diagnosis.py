"""Checks that this machine has what the embedded stack needs."""

import os
import platform
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec
import psutil

from cdc_perf.errors import Failure, StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.local import mongodb
from cdc_perf.stack.local.embedded import EmbeddedTools
from cdc_perf.stack.local.layout import postgres_user
from cdc_perf.stack.local.observe import find_prometheus
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE, Cache, Tool

_GIB = 1024**3
# Enough for PostgreSQL, two JVMs, the consumer, the MongoDB server, and k6 at 500 virtual users.
_MEMORY = 3 * _GIB
_CACHE_DISK = 4 * _GIB
_RESULTS_DISK = 1 * _GIB
_SYSTEMS = ("Linux", "Darwin")


class Health(StrEnum):
    """The result of a check."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One item that was checked.

    Attributes:
        what: The item.
        health: The result; a missing item is installed when needed, a wrong one must be fixed.
        found: What was found, as text.
        remedy: How to fix it; empty if there is nothing to do.
    """

    what: str
    health: Health
    found: str
    remedy: str = ""


def diagnose(checkout: Checkout, pipeline: Pipeline, cache: Cache) -> tuple[CheckResult, ...]:
    """Check everything that `inv up` and `inv perf` need."""
    return (
        _system(),
        _user(),
        _memory(),
        *_folders(checkout, cache),
        *_tools(checkout, pipeline, cache),
        _mongod(checkout, pipeline),
        _prometheus(),
    )


def _ok(what: str, found: str) -> CheckResult:
    return CheckResult(what=what, health=Health.OK, found=found)


def _wrong(what: str, found: str, remedy: str) -> CheckResult:
    return CheckResult(what=what, health=Health.WRONG, found=found, remedy=remedy)


def _system() -> CheckResult:
    found = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    if platform.system() in _SYSTEMS:
        return _ok("system", found)
    return _wrong("system", found, "the embedded stack runs on Linux and macOS")


def _user() -> CheckResult:
    try:
        user = postgres_user()
    except StackFailure as failure:
        return _wrong("user", failure.message, failure.hint)
    return _ok("user", f"PostgreSQL runs as {user.pw_name if user is not None else 'you'}")


def _memory() -> CheckResult:
    available = psutil.virtual_memory().available
    found = f"{available / _GIB:.1f} GiB available"
    if available >= _MEMORY:
        return _ok("memory", found)
    return _wrong("memory", found, f"free some: a run needs {_MEMORY // _GIB} GiB")


def _folders(checkout: Checkout, cache: Cache) -> Iterator[CheckResult]:
    for what, folder, needed, variable in (
        ("cache", cache.root, _CACHE_DISK, ENVIRONMENT_VARIABLE),
        ("results", checkout.results, _RESULTS_DISK, "RESULTS_DIR"),
    ):
        there = _nearest_there(folder)
        free = shutil.disk_usage(there).free
        found = f"{folder}, {free / _GIB:.1f} GiB free"
        if not os.access(there, os.W_OK):
            yield _wrong(what, f"{folder} is not writable", f"set {variable} to another folder")
        elif free < needed:
            yield _wrong(what, found, f"free {needed // _GIB} GiB, or set {variable}")
        else:
            yield _ok(what, found)


def _nearest_there(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _tools(checkout: Checkout, pipeline: Pipeline, cache: Cache) -> Iterator[CheckResult]:
    try:
        tools = EmbeddedTools.of(checkout, pipeline, cache).all
    except Failure as failure:
        yield _wrong("tools", failure.message, failure.hint)
        return
    for tool in tools:
        yield _tool(tool, cache)


def _tool(tool: Tool, cache: Cache) -> CheckResult:
    found = f"{tool.name} {tool.version}"
    if cache.has(tool):
        return _ok(tool.name, found)
    return CheckResult(
        what=tool.name,
        health=Health.MISSING,
        found=f"{found}, about {format_duration(tool.seconds)} to install",
        remedy=f"`{COMMAND} up` installs it; or now: {COMMAND} tools.install",
    )


def _mongod(checkout: Checkout, pipeline: Pipeline) -> CheckResult:
    try:
        server = mongodb.find_server(mongodb.configured(checkout, pipeline), "")
    except Failure as failure:
        return _wrong("mongod", failure.message, failure.hint)
    if server.mongod is None:
        return _ok("mongod", "none: the stand-in nx-27017 is used instead")
    return _ok("mongod", f"{server.version}, {server.mongod}")


def _prometheus() -> CheckResult:
    try:
        found, version = find_prometheus()
    except StackFailure as failure:
        return _ok(
            "prometheus",
            f"{failure.message.removeprefix('--observe: ')}; only {COMMAND} up --observe needs it",
        )
    return _ok("prometheus", f"{version}, {found}")
