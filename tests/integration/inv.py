"""`inv` as a user runs it, in a copy of the checkout."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cdc_perf import process
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.waiting import NotReady, wait_until

_TIMEOUT_SECONDS = 360
_MOST_RUNS = 4
_RUN = re.compile(r"^run (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Inv:
    """The command in one checkout."""

    checkout: Checkout

    def argv(self, *words: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "invoke", *words)

    @property
    def environment(self) -> dict[str, str]:
        # Compiled modules are kept, as for a user: the environment of a test may say otherwise.
        return {
            "RESULTS_DIR": str(self.checkout.results),
            PIPELINE: str(self.checkout.pipeline),
            "PYTHONDONTWRITEBYTECODE": "",
            # A test means the same on every machine: `auto` is the embedded stack.
            "DOCKER_HOST": "unix:///nonexistent",
        }

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> process.Completed:
        return process.run(
            self.argv(*words),
            cwd=self.checkout.root,
            env={**self.environment, **(env or {})},
            check=False,
            timeout_seconds=_TIMEOUT_SECONDS,
        )

    def measured(self, *words: str, env: Mapping[str, str] | None = None) -> process.Completed:
        """Run `inv perf`, anew where the machine was too busy for the load generator.

        That is rightly INVALID, and says nothing about what a test is after.
        """
        for _ in range(_MOST_RUNS):
            completed = self("perf", *words, env=env)
            if "the load generator was starved" not in completed.output:
                break
        return completed

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> process.Running:
        environment = {**self.environment, **(env or {})}
        return process.start(self.argv(*words), cwd=self.checkout.root, env=environment)

    def runs(self) -> set[str]:
        """Return the names of the run folders that there are."""
        results = self.checkout.results
        return {path.name for path in results.glob("2*")} if results.is_dir() else set()

    def run_of(self, completed: process.Completed) -> Path:
        """Return the run folder that a command named."""
        found = _RUN.search(completed.output or "\n".join(completed.last_lines))
        assert found, completed.output
        return self.checkout.results / found[1]

    def set_limits(self, limits: Mapping[str, Any]) -> None:
        """Replace thresholds.json; the success rate that `default` must have needs few samples."""
        content = {"default": {"cdc_success_rate": {"rate": 0.5}}, **limits}
        self.checkout.thresholds_file.write_text(json.dumps(content), encoding="utf-8")

    def wait_for_load(self, scenario: str, known: set[str]) -> Path:
        """Wait until a new run has begun to load the pipeline, and return its folder."""

        def probe() -> Path:
            for name in self.runs() - known:
                points = self.checkout.results / name / scenario / "points.json.gz"
                # k6 flushes the compressed points each second once there are any.
                if points.is_file() and points.stat().st_size > 1000:
                    return points.parents[1]
            raise NotReady("no points yet")

        return wait_until(probe, what="the load", deadline_seconds=60)


def read(path: Path) -> dict[str, Any]:
    """Return a JSON file's object."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def lives(process: psutil.Process) -> bool:
    """Return whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that work in a folder or were started from it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in command or place.startswith(str(folder)):
            found.append(command)
    return found
