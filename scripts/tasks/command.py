"""What every command does at its edges: signals, failures and their exit codes."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

from invoke import Exit

from scripts import process
from scripts.errors import ExitCode, Failure
from scripts.interruption import listen

P = ParamSpec("P")


def command(body: Callable[P, None]) -> Callable[P, None]:
    """Let a task end a failure with its message and exit code, and leave no process of its own."""

    @functools.wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        listen()
        try:
            body(*args, **kwargs)
        except Failure as failure:
            sys.stdout.flush()
            raise Exit(str(failure), failure.code) from None
        except BrokenPipeError:
            # Whoever read our output has gone, as `head` does: nothing is wrong. The interpreter
            # would complain when it flushes what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=ExitCode.PASS) from None
        finally:
            process.kill_all()

    return run
