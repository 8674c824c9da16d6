"""Failures that a person can act on, and the exit codes they end with."""

from enum import IntEnum
from typing import ClassVar

from cdc_perf.redaction import redacted


class ExitCode(IntEnum):
    """What `inv` exits with; the table in the README and this one are the same."""

    PASS = 0
    USAGE = 2
    STACK = 3
    LOAD = 4
    PUBLISH = 5
    FAIL = 10
    NO_DATA = 11
    INVALID = 12
    INTERRUPTED = 130


class Failure(Exception):  # noqa: N818 - an error in the sense of the exit-code table, not of Python
    """A failure that ends a command with one clear line, without any user or password of a URL.

    Attributes:
        message: What is wrong, and where.
        hint: What to do about it; may be empty.
        detail: Further lines worth showing, such as the last lines of a log.
    """

    code: ClassVar[ExitCode]

    def __init__(self, message: str, *, hint: str = "", detail: tuple[str, ...] = ()) -> None:
        self.message = redacted(message)
        self.hint = redacted(hint)
        self.detail = tuple(map(redacted, detail))
        super().__init__(self.message)

    def __str__(self) -> str:
        """Return the message, then the hint, then the detail, a line each."""
        lines = [self.message]
        if self.hint:
            lines.append(f"  remedy: {self.hint}")
        lines.extend(f"  | {line}" for line in self.detail)
        return "\n".join(lines)


class UsageFailure(Failure):
    """A wrong argument, or a wrong file among the settings."""

    code = ExitCode.USAGE


class StackFailure(Failure):
    """A tool or a component of the stack cannot be had or did not get ready."""

    code = ExitCode.STACK


class LoadFailure(Failure):
    """k6 itself broke: script error, bad options, killed."""

    code = ExitCode.LOAD


class PublishFailure(Failure):
    """Results could not be shown where they should be; no verdict changes by that."""

    code = ExitCode.PUBLISH


class Interrupted(Failure):
    """Ctrl-C or SIGTERM."""

    code = ExitCode.INTERRUPTED
