"""The repository and commit of this cdc-perf, which workflows of other repositories call."""

import json
import re
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from cdc_perf.errors import UsageFailure
from cdc_perf.installation import IS_INSTALLED, ROOT
from cdc_perf.perf.environment import git_output, tool_version
from cdc_perf.tools.released import LOCK_FILE, Release

# `https://github.com/owner/name.git`, `git@github.com:owner/name`, `ssh://git@github.com/owner/name`
_REMOTE = re.compile(r"[/@]github\.com[/:](?P<repository>[\w.-]+/[\w.-]+?)(?:\.git)?/?$")


@dataclass(frozen=True)
class Origin:
    """What the workflows of another repository call.

    Attributes:
        repository: `owner/name` on GitHub.
        commit: The full SHA.
        version: The version of that commit: `v1.2.0`.
    """

    repository: str
    commit: str
    version: str


def origin() -> Origin:
    """Return the origin of the running cdc-perf.

    Raises:
        UsageFailure: It is not known, or no commit has this code.
    """
    version, commit, changed = tool_version(ROOT)
    if not commit or changed:
        raise UsageFailure(
            "workflow: no commit has the code of this cdc-perf, so no workflow can call it",
            hint="install a release, or commit the changes",
        )
    remote = _installed_from() if IS_INSTALLED else git_output(ROOT, "remote", "get-url", "origin")
    found = _REMOTE.search(remote)
    repository = Release.read(ROOT / "requirements" / LOCK_FILE).repository or (
        found and found["repository"]
    )
    if not repository:
        raise UsageFailure(
            "workflow: the repository of this cdc-perf on GitHub is not known",
            hint="install a release, or from git: pipx install git+https://github.com/OWNER/NAME",
        )
    return Origin(repository, commit, f"v{version}")


def _installed_from() -> str:
    """Return the address that an installer recorded; empty for a wheel from an index.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    text = metadata.distribution("cdc-perf").read_text("direct_url.json")
    content: dict[str, Any] = json.loads(text or "{}")
    return str(content.get("url", ""))
