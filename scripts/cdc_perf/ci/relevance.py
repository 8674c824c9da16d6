"""Which changes can affect performance, and so need a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cdc_perf.ci.measured_repository import MeasuredRepository
from cdc_perf.publish.names import WORKFLOW_PATH

# Everything else is relevant: the pipeline, the load, the harness, the workflow, and any file that
# Compose, Docker, Git, or Python reads by its name (compose.override.yaml, .env, .dockerignore,
# .gitattributes, a module beside tasks.py). A list of relevant files would miss the next of them.
_OWN_IRRELEVANT = (
    "docs/*",
    "tests/*",
    "bench/*",
    ".github/workflows/ci.yml",
    ".github/workflows/judge.yml",
    ".github/workflows/performance-comment.yml",
    ".github/CODEOWNERS",
    ".github/dependabot.yml",
    ".ci/*",
    ".editorconfig",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
)

# In another repository, only files that no program reads are known to be irrelevant.
_IRRELEVANT = (
    "*.md",
    "docs/*",
    "LICENSE*",
    ".editorconfig",
    ".gitignore",
    ".github/CODEOWNERS",
    ".github/dependabot.yml",
    ".github/workflows/performance-comment.yml",
    ".github/ISSUE_TEMPLATE/*",
)


@dataclass(frozen=True)
class Relevance:
    """Which paths of a repository can affect performance; `*` in a pattern matches slashes too.

    Attributes:
        patterns: A path must match one of them; empty: every path does.
        irrelevant: Patterns of the others.
    """

    patterns: tuple[str, ...]
    irrelevant: tuple[str, ...]

    @classmethod
    def of(cls, repository: MeasuredRepository, paths: str) -> "Relevance":
        """Return the relevance of a repository's paths.

        Args:
            repository: The repository.
            paths: The patterns that a user chose, separated by white space; empty: none.
        """
        chosen = tuple(paths.split())
        if chosen:
            return cls((*chosen, f"{repository.prefix}*", WORKFLOW_PATH), ())
        return cls((), _OWN_IRRELEVANT if repository.is_own else _IRRELEVANT)

    def relevant(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return the paths, relative to the repository, that can affect performance."""
        return tuple(
            path
            for path in paths
            if (not self.patterns or _matches(path, self.patterns))
            and not _matches(path, self.irrelevant)
        )


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
