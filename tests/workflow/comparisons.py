"""Comparisons that a workflow run left, of commits that the GitHub of the tests knows."""

import json
from pathlib import Path
from typing import Any

from cdc_perf.results.comparison import Comparison
from tests.unit.recorded_comparisons import of_commits, write_comparison
from tests.workflow.act import RUN_ID, Ran
from tests.workflow.fake_github import FakeGitHub

# A merge that GitHub made of a pull request, and its first parent: the base branch's tip by then.
MERGE, FIRST_PARENT = "5" * 40, "c" * 40


def asked(ran: Ran) -> dict[str, Any]:
    """Return the arguments of `inv compare` in a run of performance-test.yml."""
    lines = [x for x in ran.lines["Compare"] if x.startswith("inv compare, made up: ")]
    found: dict[str, Any] = json.loads(lines[0].partition(": ")[2])
    return found


def keep_comparison(
    github: FakeGitHub,
    folder: Path,
    found: Comparison,
    head: str,
    *,
    base: str = FIRST_PARENT,
    merge: str = MERGE,
) -> None:
    """Keep the comparison of a merge with its base as the only one of the run.

    Args:
        github: The GitHub.
        folder: A new folder to write it in.
        found: What was measured.
        head: The pull request's head, which the merge merges.
        base: The base.
        merge: The merge; of a merge group, its head.
    """
    forget_comparison(github)
    write_comparison(folder, of_commits(found, base, merge))
    github.keep_comparison(int(RUN_ID), folder)
    github.parents[merge] = (base, head)


def forget_comparison(github: FakeGitHub) -> None:
    github.artifacts = [x for x in github.artifacts if not x.name.startswith("k6-comparison")]
