"""What every command shares: environment, signals, failures, and exit codes."""

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
from cdc_perf.terminal import clean, say, show_progress

P = ParamSpec("P")
# Help of the options that several commands have.
STACK_HELP = "stack: auto, local, compose, or external (default: auto)"
JSON_HELP = "JSON output"
_BROKEN_PIPE = 128 + signal.SIGPIPE  # as a shell reports it
_ELSEWHERE = "set RESULTS_DIR or CDC_PERF_CACHE to a writable folder"
# Problems of the machine, which a stack trace would not explain better.
_REMEDIES = {
    errno.ENOSPC: "free disk space, or " + _ELSEWHERE,
    errno.EDQUOT: "free disk quota, or " + _ELSEWHERE,
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EMFILE: "raise the limit on open files: ulimit -n 4096",
    errno.ENOMEM: "free memory",
}


def command(body: Callable[P, None]) -> Callable[P, None]:
    """Turn a task's failure into a message and an exit code, and end its processes."""

    @functools.wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        install_handlers()
        show_progress()
        ignored = environment.adopt(os.environ)
        if ignored:
            names = ", ".join(ignored)
            say(f"ignored environment variables: {names} (README, Settings)")
        try:
            body(*args, **kwargs)
        except Failure as failure:
            sys.stdout.flush()
            raise Exit(clean(str(failure)), failure.code) from None
        except BrokenPipeError:
            # The reader of the output, such as `head`, is gone. Do not exit with PASS, because it
            # did not get the verdict. Redirect stdout, because the interpreter would complain when
            # it flushes the rest.
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
