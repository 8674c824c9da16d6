"""The cache folder: tools keyed by what they are made of, each there whole or not at all."""

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
_LOCK_NAME = re.compile(r".+-[0-9a-f]{12}\.lock")


@dataclass(frozen=True)
class Tool:
    """Something that is fetched or built once.

    Attributes:
        name: What people call it.
        version: For people, too.
        key: Folder name in the cache; changes with anything that the content depends on, of which
            it ends in a digest, 12 digits of hex.
        seconds: How long it takes to get on two cores, roughly.
        build: Fills the empty folder that it is given. Its second argument maps the names of
            `needs` to their folders, its third takes lines of progress.
        needs: The tools that `build` uses.
    """

    name: str
    version: str
    key: str
    seconds: int
    build: Callable[[Path, Mapping[str, Path], Callable[[str], None]], None]
    needs: "tuple[Tool, ...]" = field(default=())


@dataclass(frozen=True)
class Cache:
    """The cache folder."""

    root: Path

    @classmethod
    def of_environment(cls) -> "Cache":
        """Take the folder from CDC_PERF_CACHE, else the platform's own place for caches.

        For root that is the system's cache folder: PostgreSQL runs as another user, which cannot
        reach into root's home.
        """
        given = os.environ.get(ENVIRONMENT_VARIABLE)
        if given:
            return cls(Path(given).expanduser().absolute())
        if os.geteuid() == 0:
            return cls(platformdirs.site_cache_path("cdc-perf"))
        return cls(platformdirs.user_cache_path("cdc-perf"))

    def path(self, tool: Tool) -> Path:
        """Where the tool is, or will be."""
        return self.root / tool.key

    def has(self, tool: Tool) -> bool:
        """Whether the tool is there; a folder under its final name is always whole."""
        return self.path(tool).is_dir()

    def install(
        self,
        tool: Tool,
        say: Callable[[str], None],
        called_off: Callable[[], bool] = lambda: False,
    ) -> Path:
        """Build the tool unless it is there, and return its folder.

        It is built beside its final place and renamed, under a lock: two checkouts that need the
        same tool build it once, and what a killed build left is ended and cleared by the next.

        Args:
            tool: What is wanted.
            say: Takes lines of progress.
            called_off: Whether to stop waiting for another process that builds the tool.

        Raises:
            StackFailure: The folder cannot be written to, or the build failed.
        """
        target = self.path(tool)
        if target.is_dir():
            return target
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.root / f"{tool.key}.lock")
            with lock.acquire(_LOCK_SECONDS, cancel_check=called_off):
                if not target.is_dir():
                    self._build(tool, target, say)
        except filelock.Timeout:
            raise StackFailure(
                f"another process is still building {tool.name} into {self.root}",
                hint=f"wait for it, end it, or set {ENVIRONMENT_VARIABLE} to another folder",
            ) from None
        except OSError as error:
            raise self._unwritable(tool, str(error)) from error
        except StackFailure as failure:
            # Whoever built it may have met a full disk, and says so in words of their own.
            if any(os.strerror(errno.ENOSPC) in line for line in (str(failure), *failure.detail)):
                raise self._unwritable(tool, os.strerror(errno.ENOSPC)) from failure
            raise
        return target

    def _unwritable(self, tool: Tool, why: str) -> StackFailure:
        return StackFailure(
            f"{tool.name} cannot be put into the cache folder {self.root}: {why}",
            hint=f"free space or set {ENVIRONMENT_VARIABLE} to a folder that can be written to",
        )

    def _build(self, tool: Tool, target: Path, say: Callable[[str], None]) -> None:
        for leftover in self.root.glob(f"{tool.key}.partial-*"):
            process_tags.end_tagged_processes(leftover)
            shutil.rmtree(leftover)
        partial = Path(tempfile.mkdtemp(prefix=f"{tool.key}.partial-", dir=self.root))
        try:
            tool.build(partial, {needed.name: self.path(needed) for needed in tool.needs}, say)
            partial.chmod(0o755)
            partial.rename(target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def mark_used(self, tools: Iterable[Tool]) -> None:
        """Note that these tools are in use now, so that `prune` leaves those that are there."""
        for tool in tools:
            # One that is not there yet; or a cache that others own, which is theirs to prune.
            with suppress(OSError):
                os.utime(self.path(tool))

    def prune(self, needed: Iterable[Tool]) -> int:
        """Remove what is neither needed nor was used for a day; return the bytes freed.

        What Go downloaded and compiled goes once it takes more than 3 GiB: it holds every version
        that was ever built.

        Args:
            needed: The tools to keep, however long they were not used.

        Raises:
            StackFailure: Something cannot be removed.
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
        """Remove every tool and what Go compiled, and nothing else; return the bytes freed.

        A folder that was given may hold other things: ours are the lock files of tools, whose keys
        end in a digest, and what is named after them.

        Raises:
            StackFailure: Something cannot be removed.
        """
        return _remove(
            [*(path for lock in self._locks() for path in self._of(lock)), *self._of_go()]
        )

    def _locks(self) -> list[Path]:
        return [path for path in self.root.glob("*.lock") if _LOCK_NAME.fullmatch(path.name)]

    def _of(self, lock: Path) -> list[Path]:
        """Return the lock file of a tool, its folder, and what a build that was killed left."""
        named = (lock, self.root / lock.stem, *self.root.glob(f"{lock.stem}.partial-*"))
        return [path for path in named if path.exists()]

    def _of_go(self) -> list[Path]:
        return [folder for folder in (self.go_modules, self.go_objects) if folder.exists()]

    def _last_used(self, lock: Path) -> float:
        return max(path.stat().st_mtime for path in self._of(lock))

    @property
    def go_modules(self) -> Path:
        """Where Go keeps the modules that it downloads."""
        return self.root / "go" / "modules"

    @property
    def go_objects(self) -> Path:
        """Where Go keeps what it compiles."""
        return self.root / "go" / "objects"


def _remove(paths: Iterable[Path]) -> int:
    """Remove files and folders; return the bytes freed.

    Raises:
        StackFailure: One of them cannot be removed.
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
        raise StackFailure(f"{error.filename} cannot be removed: {error.strerror}") from None
    return freed


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.lstat().st_size for file in files)
