"""What is missing of a file of points."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FileDefect:
    """A file that is not whole; all that could be read of it counts.

    Attributes:
        number: Which of the files it is, counted from 0.
        file: The file's name.
        fault: What is wrong with it.
        points: How many points were read from it.
        last: Time of the last of them, UTC; None where there is none.
    """

    number: int
    file: str
    fault: str
    points: int
    last: datetime | None

    @property
    def sentence(self) -> str:
        """What is wrong and what is left."""
        if self.last is None:
            return f"{self.file} {self.fault}; no point could be read"
        until = f"{self.last:%H:%M:%S} UTC"
        return (
            f"{self.file} {self.fault}; points that could be read: {self.points:,}, until {until}"
        )
