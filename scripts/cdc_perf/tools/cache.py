"""The tool cache: each tool has a key that depends on its sources, and is complete or absent."""

import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import platformdirs

from cdc_perf import process_tags
from cdc_perf.errors import StackFailure

ENVIRONMENT_VARIABLE = "CDC_PERF_CACHE"
_LOCK_SECONDS = 1800
_UNUSED_SECONDS = 24 * 60 * 60
_MOST_GO_BYTES = 3 * 1024**3
# A callback instead of logging, because `install_all` keeps the last line of each build and shows
# it every 10 s. A canceled build ends by an exception in this call.
Note = Callable[[str], None]
_LOCK_NAME = re.compile(r".+-[0-9a-f]{12}\.lock")


@dataclass(frozen=True)
class Tool:
    """Something that is downloaded or built once.

    Attributes:
        name: Display name.
        version: Display version.
        key: Folder name in the cache. It ends in a digest, 12 hex digits, of everything that the
            content depends on.
        seconds: Approximate installation time on two cores.
        build: Fills the empty folder that it is given. Its second argument maps the names of
            `needs` to their folders; it calls the third with lines of progress.
        needs: The tools that `build` uses.
    """

    name: str
    version: str
    key: str
    seconds: int
    build: Callable[[Path, Mapping[str, Path], Note], None]
    needs: "tuple[Tool, ...]" = field(default=())


@dataclass(frozen=True)
class Cache:
    """The cache folder."""

    root: Path

    @classmethod
    def of_environment(cls) -> "Cache":
        """Return the cache in CDC_PERF_CACHE, else in the platform's cache folder.

        For root, that is the system's cache folder: PostgreSQL runs as another user, which has no
        access to root's home.
        """
        given = os.environ.get(ENVIRONMENT_VARIABLE)
        if given:
            return cls(Path(given).expanduser().absolute())
        if os.geteuid() == 0:
            return cls(platformdirs.site_cache_path("cdc-perf"))
        return cls(platformdirs.user_cache_path("cdc-perf"))

    def path(self, tool: Tool) -> Path:
        """Return the folder of a tool, which need not exist yet."""
        return self.root / tool.key

    def has(self, tool: Tool) -> bool:
        """Return whether the tool is installed; a folder with its final name is always complete."""
        return self.path(tool).is_dir()

    def install(
        self,
        tool: Tool,
        note: Note,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Path:
        """Build the tool unless it is installed, and return its folder.

        Build it beside its final place and rename it, under a lock: two checkouts that need the
        same tool build it once, and the next build ends and removes what a killed build left.

        Args:
            tool: The tool.
            note: Called with each line of the build's progress.
            cancelled: Returns whether to stop waiting for another process that builds the tool.

        Raises:
            StackFailure: The folder cannot be written to, or the build failed.
        """
        target = self.path(tool)
        if target.is_dir():
            return target
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.root / f"{tool.key}.lock")
            with lock.acquire(_LOCK_SECONDS, cancel_check=cancelled):
                if not target.is_dir():
                    self._build(tool, target, note)
        except filelock.Timeout:
            raise StackFailure(
                f"another process is still building {tool.name} into {self.root}",
                hint=f"wait for it, stop it, or set {ENVIRONMENT_VARIABLE} to another folder",
            ) from None
        except OSError as error:
            raise self._unwritable(tool, str(error)) from error
        except StackFailure as failure:
            # A build command may have found the disk full and reported that in its own words.
            if any(os.strerror(errno.ENOSPC) in line for line in (str(failure), *failure.detail)):
                raise self._unwritable(tool, os.strerror(errno.ENOSPC)) from failure
            raise
        return target

    def _unwritable(self, tool: Tool, why: str) -> StackFailure:
        return StackFailure(
            f"cannot install {tool.name} into the tool cache {self.root}: {why}",
            hint=f"free some space, or set {ENVIRONMENT_VARIABLE} to a writable folder",
        )

    def _build(self, tool: Tool, target: Path, note: Note) -> None:
        for leftover in self.root.glob(f"{tool.key}.partial-*"):
            process_tags.end_tagged_processes(leftover)
            shutil.rmtree(leftover)
        partial = Path(tempfile.mkdtemp(prefix=f"{tool.key}.partial-", dir=self.root))
        try:
            tool.build(partial, {needed.name: self.path(needed) for needed in tool.needs}, note)
            partial.chmod(0o755)
            partial.rename(target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def mark_used(self, tools: Iterable[Tool]) -> None:
        """Mark these tools as in use, so that `prune` keeps those that are installed."""
        for tool in tools:
            # Not installed yet, or in a cache that others own and prune.
            with suppress(OSError):
                os.utime(self.path(tool))

    def prune(self, needed: Iterable[Tool]) -> int:
        """Remove tools that are neither needed nor used for a day; return the bytes freed.

        Remove Go's modules and objects if they take more than 3 GiB, because they include every
        version that was ever built.

        Args:
            needed: The tools to keep, even if unused.

        Raises:
            StackFailure: A file cannot be removed.
        """
        kept = {tool.key for tool in needed}
        oldest = time.time() - _UNUSED_SECONDS
        ours = [
            path
            for lock in self._locks()
            if lock.stem not in kept and self._last_used(lock) < oldest
            for path in self._of(lock)
        ]
        if sum(map(_size, self._of_go())) > _MOST_GO_BYTES:
            ours += self._of_go()
        return _remove(ours)

    def clear(self) -> int:
        """Remove every tool and Go's modules and objects, keep other files; return the bytes freed.

        A user's folder may contain other files. The cache owns the lock files of tools, whose keys
        end in a digest, and the paths that are named after them.

        Raises:
            StackFailure: A file cannot be removed.
        """
        freed = _remove(
            [*(path for lock in self._locks() for path in self._of(lock)), *self._of_go()]
        )
        for folder in (self.go_modules.parent, self.root):
            # With other files in it, it stays.
            with suppress(OSError):
                folder.rmdir()
        return freed

    def _locks(self) -> list[Path]:
        return [path for path in self.root.glob("*.lock") if _LOCK_NAME.fullmatch(path.name)]

    def _of(self, lock: Path) -> list[Path]:
        """Return a tool's lock file, its folder, and the remains of killed builds."""
        named = (lock, self.root / lock.stem, *self.root.glob(f"{lock.stem}.partial-*"))
        return [path for path in named if path.exists()]

    def _of_go(self) -> list[Path]:
        return [
            folder
            for folder in (self.go_modules, self.go_objects, self.go_settings)
            if folder.exists()
        ]

    def _last_used(self, lock: Path) -> float:
        return max(path.stat().st_mtime for path in self._of(lock))

    @property
    def go_settings(self) -> Path:
        """The folder in which Go counts its calls."""
        return self.root / "go" / "settings"

    @property
    def go_modules(self) -> Path:
        """The folder of the modules that Go downloads."""
        return self.root / "go" / "modules"

    @property
    def go_objects(self) -> Path:
        """The folder of the objects that Go compiles."""
        return self.root / "go" / "objects"


def _remove(paths: Iterable[Path]) -> int:
    """Remove files and folders; return the bytes freed.

    Raises:
        StackFailure: A path cannot be removed.
    """
    freed = 0
    try:
        for path in paths:
            freed += _size(path)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise StackFailure(f"cannot remove {error.filename}: {error.strerror}") from None
    return freed


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.lstat().st_size for file in files)
