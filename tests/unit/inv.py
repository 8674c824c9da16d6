"""`inv` as it is typed, in this process."""

from invoke import Program

import tasks


def inv(*words: str) -> int:
    """Return what the command exits with."""
    try:
        Program(namespace=tasks.namespace).run(["inv", *words])
    except SystemExit as exited:
        return int(exited.code or 0)
    return 0
