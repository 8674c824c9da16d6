"""The environment of a run: the machine, and the checkout's commit."""

import os
import platform
import shutil
import tomllib
from pathlib import Path

import psutil

from cdc_perf import process
from cdc_perf.installation import IS_INSTALLED, ROOT, installed_commit, installed_version
from cdc_perf.results.manifest import Machine, Versions


def machine() -> Machine:
    """Return the properties of this machine."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        python=platform.python_version(),
    )


def versions(root: Path, k6: str, components: dict[str, str]) -> Versions:
    """Return the versions of all software in a run of the checkout in `root`."""
    project, commit, changed = tool_version(root)
    return Versions(
        project=project,
        commit=commit,
        changed=changed,
        k6=k6,
        components=components,
    )


def tool_version(root: Path) -> tuple[str, str, bool]:
    """Return the tool's version and commit, and whether its folder differs from the commit.

    Args:
        root: A checkout, or the installation's files.
    """
    if IS_INSTALLED and root == ROOT:
        return (installed_version(), *installed_commit())
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return (project["version"], *checked_out(root))


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")


def checked_out(folder: Path) -> tuple[str, bool]:
    """Return a folder's commit, and whether the folder differs from it; empty outside of git."""
    commit = git_output(folder, "rev-parse", "HEAD")
    return commit, bool(commit) and bool(git_output(folder, "status", "--porcelain", "--", "."))


def git_output(folder: Path, *words: str) -> str:
    """Return git's output; empty if git is missing or fails, as without a repository.

    Raises:
        StackFailure: git did not end in time.
    """
    if shutil.which("git") is None:
        return ""
    completed = process.run(["git", "-C", folder, *words], check=False, timeout_seconds=30)
    return completed.output.strip() if completed.exit_code == 0 else ""
