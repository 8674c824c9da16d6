"""Which changes can affect performance, and so need a run."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

# Everything else is relevant: the pipeline, the load, the harness, the workflow, and any file that
# Compose, Docker, Git, or Python reads by its name (compose.override.yaml, .env, .dockerignore,
# .gitattributes, a module beside tasks.py). A list of relevant files would miss the next of them.
IRRELEVANT_PATHS = (
    "docs/*",
    "tests/*",
    "bench/*",
    ".github/workflows/ci.yml",
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


def relevant(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths, relative to the repository, that can affect performance.

    `*` in the table matches slashes too.
    """
    return tuple(
        path
        for path in paths
        if not any(fnmatchcase(path, pattern) for pattern in IRRELEVANT_PATHS)
    )
