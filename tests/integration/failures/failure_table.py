"""The table of failures that the tests here fill."""

import re
import tempfile
from dataclasses import dataclass, field

from tabulate import tabulate

from cdc_perf.errors import ExitCode
from cdc_perf.process import Completed

_HEADERS = ("failure", "command", "message", "exit", "clean after (s)")
_ABOUT = """\
# Failures and their messages

`nox -s failures` writes this table. Each row is a test in `tests/integration/failures/`, on the
real stack. "Clean" means that no process, no port, and no incomplete file is left. The time counts
from the signal or the kill; if the command has to detect it, from the command's start.

"""
_LONGEST_LINE = 150


@dataclass
class FailureTable:
    """The rows that the tests leave."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self,
        failure: str,
        command: str,
        completed: Completed,
        *,
        said: str,
        code: ExitCode,
        seconds: float,
    ) -> None:
        """Check what came of a failure, and note it.

        Args:
            failure: What was done.
            command: What was run, as a user types it.
            completed: How it ended.
            said: What one of its lines has to hold.
            code: What it has to exit with.
            seconds: How long it took until all was clean.
        """
        lines = (completed.output or "\n".join(completed.last_lines)).splitlines()
        text = "\n".join(lines)
        assert completed.exit_code == code, text
        assert "Traceback" not in text, text
        found = [index for index, line in enumerate(lines) if said in line]
        assert found, text
        shown = [_tidy(line) for line in lines[found[-1] : found[-1] + 2]]
        if len(shown) > 1 and not shown[1].startswith("remedy: "):
            shown.pop()
        cells = (failure, f"`{command}`", "; ".join(shown), f"{code:d}", f"{seconds:.1f}")
        self.rows.append(cells)

    def markdown(self) -> str:
        """Return the table."""
        return _ABOUT + tabulate(self.rows, _HEADERS, tablefmt="pipe", disable_numparse=True) + "\n"


def _tidy(line: str) -> str:
    """Return a line without the names of temporary folders, and not for ever long."""
    tidy = re.sub(rf"{tempfile.gettempdir()}/\S*?/(?=\w+[\s:/,]|$)", ".../", line.strip(" -"))
    tidy = tidy if len(tidy) <= _LONGEST_LINE else tidy[:_LONGEST_LINE] + "..."
    return tidy.replace("|", "\\|").replace("<", "\\<")
