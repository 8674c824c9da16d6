"""The files of a pipeline's folder: what a second `inv init` would change in them."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.files import write_atomically
from cdc_perf.installation import IS_INSTALLED


def folder_of(given: str, database: str) -> Path:
    """Return the absolute path of the folder.

    Args:
        given: What the user chose; empty: the current folder, which an installed command takes as
            the pipeline; in a checkout, a folder with the database's name in the current folder.
        database: The database.
    """
    # A name such as `../x` or `a/b` would be another folder.
    default = "." if IS_INSTALLED else re.sub(r"[^\w-]", "_", database)
    return Path(os.path.abspath(Path(given or default).expanduser()))  # noqa: PTH100 - links stay


@dataclass(frozen=True)
class FolderChanges:
    """What is there, and what is to be there.

    Attributes:
        folder: The folder, which may not exist.
        wanted: The content of each file, by name.
        existing: The present content of those that exist.
    """

    folder: Path
    wanted: Mapping[str, str]
    existing: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, wanted: Mapping[str, str]) -> "FolderChanges":
        """Read the files that exist.

        Raises:
            UsageFailure: The folder is a file, or a file cannot be read.
        """
        if os.path.exists(folder) and not folder.is_dir():  # noqa: PTH110 - no error if too long
            raise UsageFailure(f"--pipeline: {folder} is not a folder")
        existing = {}
        for name in wanted:
            path = folder / name
            try:
                existing[name] = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise UsageFailure(f"{path}: cannot be read: {error}") from None
        return cls(folder, wanted, existing)

    @property
    def new(self) -> tuple[str, ...]:
        """The names of the files that do not exist."""
        return tuple(name for name in self.wanted if name not in self.existing)

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the files that exist with another content."""
        return tuple(name for name, text in self.existing.items() if text != self.wanted[name])

    def diff(self) -> str:
        """Return the changes of the existing files as a unified diff; empty if there are none."""
        lines: list[str] = []
        for name in self.changed:
            path = str(self.folder / name)
            old, new = self.existing[name], self.wanted[name]
            lines += difflib.unified_diff(
                old.splitlines(), new.splitlines(), path, f"{path} (new)", lineterm=""
            )
        return "\n".join(lines)

    def write(self) -> tuple[Path, ...]:
        """Write the new and the changed files; return their paths.

        Raises:
            OSError: The folder is not writable.
            UsageFailure: The folder cannot be created.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageFailure(
                f"--pipeline: {self.folder} cannot be created: {error.strerror}"
            ) from None
        paths = tuple(self.folder / name for name in (*self.new, *self.changed))
        for path in paths:
            write_atomically(path, self.wanted[path.name])
        return paths
