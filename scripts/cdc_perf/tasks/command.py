"""What every command does at its edges: environment, signals, failures and their exit codes."""

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import ParamSpec

from invoke import Exit

from cdc_perf import environment, process
from cdc_perf.errors import ExitCode, Failure
from cdc_perf.signals import install_handlers
from cdc_perf.terminal import clean, say

P = ParamSpec("P")
_BROKEN_PIPE = 128 + signal.SIGPIPE  # as a shell reports it
_ELSEWHERE = "set RESULTS_DIR or CDC_PERF_CACHE to a folder that can be written to"
# Faults of the machine, which no trace of ours would explain better.
_REMEDIES = {
    errno.ENOSPC: "free some space, or " + _ELSEWHERE,
    errno.EDQUOT: "free some of your quota, or " + _ELSEWHERE,
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EMFILE: "raise the limit of open files: ulimit -n 4096",
    errno.ENOMEM: "free some memory",
}


def command(body: Callable[P, None]) -> Callable[P, None]:
    """Let a task end a failure with its message and exit code, and leave no process of its own."""

    @functools.wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        install_handlers()
        ignored = environment.adopt(os.environ)
        if ignored:
            names = ", ".join(ignored)
            say(f"ignored variables of the environment: {names} (README, Settings)")
        try:
            body(*args, **kwargs)
        except Failure as failure:
            sys.stdout.flush()
            raise Exit(clean(str(failure)), failure.code) from None
        except BrokenPipeError:
            # Whoever read our output has gone, as `head` does, and never PASS: it was not told.
            # The interpreter would complain when it flushes what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=_BROKEN_PIPE) from None
        except OSError as error:
            remedy = _REMEDIES.get(error.errno or 0)
            if remedy is None:
                raise
            line = f"{error.filename or 'a file'}: {error.strerror}\n  remedy: {remedy}"
            raise Exit(clean(line), ExitCode.STACK) from None
        finally:
            process.kill_all()

    return run
