"""The workflow files on disk against those that the project comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from scripts.ci.emit import HEADER
from scripts.ci.generate import FOLDER
from scripts.errors import UsageFailure
from scripts.files import write_atomically

_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True)
class Drift:
    """How the files differ from what they should be; nothing of it: they do not.

    Attributes:
        changed: The difference of each file that is there and other, as a unified diff.
        missing: The files that are not there.
        orphaned: Files that were generated once, and that nothing generates any more.
    """

    changed: Mapping[str, str]
    missing: tuple[str, ...]
    orphaned: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.changed or self.missing or self.orphaned)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each file, and the differences."""
        return (
            *(f"{path}: missing" for path in self.missing),
            *(
                f"{path}: generated once, and nothing generates it any more"
                for path in self.orphaned
            ),
            *(line for diff in self.changed.values() for line in diff.splitlines()),
        )


def find_drift(root: Path, wanted: Mapping[str, str]) -> Drift:
    """Compare the files below `root` with what they should be.

    Raises:
        UsageFailure: A file cannot be read as text.
    """
    there = {path: text for path in wanted if (text := _read(root / path)) is not None}
    return Drift(
        changed={
            path: _diff(path, text, wanted[path])
            for path, text in there.items()
            if text != wanted[path]
        },
        missing=tuple(path for path in wanted if path not in there),
        orphaned=_orphans(root, wanted),
    )


def write(root: Path, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Write what differs, remove what was generated once; return a line for each file touched."""
    drift = find_drift(root, wanted)
    for path in (*drift.changed, *drift.missing):
        write_atomically(root / path, wanted[path])
    for path in drift.orphaned:
        (root / path).unlink()
    return (
        *(f"{path}: written" for path in (*drift.changed, *drift.missing)),
        *(f"{path}: removed" for path in drift.orphaned),
    )


def _orphans(root: Path, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Return the generated files among those that nothing generates; others are not ours."""
    folder = root / FOLDER
    names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    return tuple(
        path
        for name in names
        if (path := f"{FOLDER}/{name}") not in wanted
        and name.endswith(_SUFFIXES)
        and (_read(root / path) or "").startswith(HEADER)
    )


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
