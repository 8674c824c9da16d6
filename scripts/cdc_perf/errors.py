"""Failures that a user can act on, and their exit codes."""

from collections.abc import Sequence
from enum import IntEnum

from cdc_perf.redaction import redacted


class ExitCode(IntEnum):
    """The exit codes of `inv`, as in the table in the README."""

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
    """A failure that ends a command with one clear line, without users and passwords of URLs.

    Attributes:
        code: The exit code of the command.
        message: What is wrong, and where.
        hint: What to do about it; may be empty.
        detail: Further helpful lines, such as the last lines of a log.
    """

    code: ExitCode

    def __init__(self, message: str, *, hint: str = "", detail: tuple[str, ...] = ()) -> None:
        self.message = redacted(message)
        self.hint = redacted(hint)
        self.detail = tuple(map(redacted, detail))
        super().__init__(self.message)

    def __str__(self) -> str:
        """Return the message, the hint, and the detail, each on its own line."""
        lines = [self.message]
        if self.hint:
            lines.append(f"  remedy: {self.hint}")
        lines.extend(f"  | {line}" for line in self.detail)
        return "\n".join(lines)


class UsageFailure(Failure):
    """A wrong argument or settings file."""

    code = ExitCode.USAGE


class StackFailure(Failure):
    """A tool or component of the stack is unavailable or did not become ready."""

    code = ExitCode.STACK


class SettingFailure(StackFailure):
    """A setting in pipeline.toml that does not match the stack."""

    code = ExitCode.USAGE


class StackFailures(StackFailure):
    """Several failures at once; the exit code is the most severe one.

    Attributes:
        failures: The failures, in the order of the checks.
    """

    def __init__(self, failures: Sequence[StackFailure]) -> None:
        super().__init__(
            "; ".join(each.message for each in failures),
            hint="; ".join(dict.fromkeys(each.hint for each in failures if each.hint)),
        )
        self.failures = tuple(failures)
        # 3 (the stack) is more severe than 2 (a setting).
        self.code = max(each.code for each in failures)

    def __str__(self) -> str:
        """Return each failure with its own hint and detail."""
        return "\n".join(map(str, self.failures))


class LoadFailure(Failure):
    """k6 failed: a script error, bad options, or killed."""

    code = ExitCode.LOAD


class PublishFailure(Failure):
    """Results could not be published; this changes no verdict."""

    code = ExitCode.PUBLISH


class Interrupted(Failure):
    """Ctrl-C or SIGTERM."""

    code = ExitCode.INTERRUPTED
