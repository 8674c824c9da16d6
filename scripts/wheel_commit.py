"""A hook of hatchling: the wheel names the commit that it was built from."""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface[Any]):
    """Adds the file `cdc_perf/data/commit`: the commit, then `+` if the folder differs from it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file beside the build."""
        del version  # of the wheel's format
        path = Path(self.directory) / "commit"
        path.parent.mkdir(parents=True, exist_ok=True)
        commit = self._git("rev-parse", "HEAD")
        # A release writes this file before it builds the wheel.
        code = ("status", "--porcelain", "--", ".", ":(exclude)requirements/release.json")
        changed = "+" if commit and self._git(*code) else ""
        path.write_text(f"{commit}{changed}\n", encoding="utf-8")
        build_data["force_include"][str(path)] = "cdc_perf/data/commit"

    def _git(self, *words: str) -> str:
        try:
            found = subprocess.run(
                ["git", "-C", self.root, *words],  # noqa: S607 - found on PATH, as by hatchling
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            return ""
        return found.stdout.strip() if found.returncode == 0 else ""
