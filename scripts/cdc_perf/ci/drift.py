"""Compare generated files on disk with their expected content."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.files import write_atomically


@dataclass(frozen=True)
class GeneratedFiles:
    """All files that one command generates.

    Attributes:
        wanted: The text of each file, by its path relative to the repository.
        suffixes: The possible ends of their names.
        mark: A text that is in each of them, and in no file written by hand.
    """

    wanted: Mapping[str, str]
    suffixes: tuple[str, ...]
    mark: str


@dataclass(frozen=True)
class Drift:
    """How the files differ from their expected content; empty if they do not.

    Attributes:
        changed: A unified diff of each file with other content.
        missing: The files that do not exist.
        orphaned: Files that were generated once but no longer are.
    """

    changed: Mapping[str, str]
    missing: tuple[str, ...]
    orphaned: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether any file differs."""
        return bool(self.changed or self.missing or self.orphaned)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each missing or orphaned file, and the diffs."""
        return (
            *(f"{path}: missing" for path in self.missing),
            *(f"{path}: obsolete: nothing generates it" for path in self.orphaned),
            *(line for diff in self.changed.values() for line in diff.splitlines()),
        )


def find_drift(root: Path, generated: GeneratedFiles) -> Drift:
    """Compare the files below `root` with their expected content.

    Raises:
        UsageFailure: A file cannot be read as text.
    """
    wanted = generated.wanted
    there = {path: text for path in wanted if (text := _read(root / path)) is not None}
    return Drift(
        changed={
            path: _diff(path, text, wanted[path])
            for path, text in there.items()
            if text != wanted[path]
        },
        missing=tuple(path for path in wanted if path not in there),
        orphaned=_orphans(root, generated),
    )


def write(root: Path, generated: GeneratedFiles) -> tuple[str, ...]:
    """Write files that differ, remove orphaned ones; return a line for each changed file."""
    drift = find_drift(root, generated)
    for path in (*drift.changed, *drift.missing):
        write_atomically(root / path, generated.wanted[path])
    for path in drift.orphaned:
        (root / path).unlink()
    return (
        *(f"{path}: written" for path in (*drift.changed, *drift.missing)),
        *(f"{path}: removed" for path in drift.orphaned),
    )


def _orphans(root: Path, generated: GeneratedFiles) -> tuple[str, ...]:
    """Return generated files that are no longer wanted, by their mark."""
    folders = sorted({path.rpartition("/")[0] for path in generated.wanted})
    return tuple(
        path
        for folder in folders
        for name in _names(root / folder)
        if (path := f"{folder}/{name}") not in generated.wanted
        and name.endswith(generated.suffixes)
        and generated.mark in (_read(root / path) or "")
    )


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageFailure(f"{path} cannot be read: {error}") from None


def _diff(path: str, found: str, wanted: str) -> str:
    return "\n".join(
        unified_diff(
            found.splitlines(),
            wanted.splitlines(),
            fromfile=f"{path} (on disk)",
            tofile=f"{path} (generated)",
            lineterm="",
        )
    )
