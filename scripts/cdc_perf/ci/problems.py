"""Reasons for a failed status."""

from dataclasses import dataclass
from enum import StrEnum


class ProblemKind(StrEnum):
    """The kinds of reasons for a failed status."""

    UNREADABLE = "unreadable"
    MISSING = "missing"
    JOB = "job"
    UNFINISHED = "unfinished"
    VERDICT = "verdict"
    LOAD = "load"
    THRESHOLD = "threshold"
    GATE = "gate"
    WORSE = "worse"
    COMMITS = "commits"


@dataclass(frozen=True)
class Problem:
    """One reason for a failed status.

    Attributes:
        kind: Its kind.
        subject: The scenario, or the comparison; empty if none.
        ours: A sentence for the status, with nothing from the results except numbers.
        theirs: The results' own text about it; untrusted, so it belongs in a code span.
    """

    kind: ProblemKind
    subject: str
    ours: str
    theirs: str = ""

    @property
    def sentence(self) -> str:
        """The sentence, preceded by its subject."""
        return f"{self.subject}: {self.ours}" if self.subject else self.ours
