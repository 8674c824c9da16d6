"""Which changes can move performance, and so are worth a run."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

# The pipeline, the load, the harness, and all that says which versions of them are run.
RELEVANT_PATHS = (
    "src/*",
    "k6/*",
    "scripts/*",
    "pipeline/*",
    "requirements/*",
    "pipeline.toml",
    "pyproject.toml",
    "docker-compose*.yml",
    "noxfile.py",
    "tasks.py",
)


def relevant(paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of the paths, from the repository's root, that can move performance.

    `*` in the table stands for slashes too.
    """
    return tuple(
        path for path in paths if any(fnmatchcase(path, pattern) for pattern in RELEVANT_PATHS)
    )
