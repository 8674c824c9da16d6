"""The two versions of a comparison: commits, or folders, each with its pipeline and its Python."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uv

from cdc_perf import process, process_tags
from cdc_perf.errors import UsageFailure
from cdc_perf.files import is_own_folder, own_folder
from cdc_perf.installation import COMMAND, MODULE, ROOT
from cdc_perf.lock import exclusive
from cdc_perf.perf.environment import checked_out, git_output
from cdc_perf.results.comparison import Side, Version
from cdc_perf.results.run_folder import LATEST, RunFolder, is_run_id
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.tools.cache import Cache, Note, Tool
from cdc_perf.tools.install import install_all

_LOCK_FILE = Path("requirements") / "perf.txt"


@dataclass(frozen=True)
class VersionFolder:
    """A version on disk.

    Attributes:
        side: Which of the two it is.
        name: As typed.
        checkout: The tool and the pipeline of this version.
        commit: Its commit; empty outside of git.
        changed: Whether the folder differs from that commit.
        python: The Python with the packages that its lock file pins.
    """

    side: Side
    name: str
    checkout: Checkout
    commit: str
    changed: bool
    python: Path

    def command(self, *words: str) -> list[str | Path]:
        """Return the command line of this version's tool."""
        module = MODULE if self.checkout.root == ROOT else "invoke"
        return [self.python, "-m", module, *words]

    def described(self) -> Version:
        """Return the version for comparison.json, without what runs in its stack."""
        return Version(name=self.name, commit=self.commit, changed=self.changed)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its `inv`, which must not inherit another pipeline's folder."""
        return {PIPELINE: str(self.checkout.pipeline), "RESULTS_DIR": ""}


def names_versions(here: Checkout, names: Mapping[str, str]) -> bool:
    """Return whether all names are those of versions; False: all are those of runs.

    Args:
        here: The running checkout.
        names: What the user typed, by argument: BASE and HEAD.

    Raises:
        UsageFailure: A name could be both, or is neither, or one is a run and the other a version.
    """
    found = {argument: _is_version(here, argument, name) for argument, name in names.items()}
    if len(set(found.values())) > 1:
        words = " and ".join(
            f"{argument} is a {'version' if is_version else 'run'}"
            for argument, is_version in found.items()
        )
        raise UsageFailure(f"{words}; compare two runs, or two versions")
    return all(found.values())


def _is_version(here: Checkout, argument: str, name: str) -> bool:
    folder = Path(name).expanduser()
    by_id = here.results / name if name == LATEST or is_run_id(name) else folder
    is_run = RunFolder(by_id).manifest.exists()
    is_folder = bool(name) and (_is_checkout(folder) or _is_pipeline(folder))
    commit = "" if is_folder else _commit(repository_of(here), name)
    if is_run and commit:
        raise UsageFailure(
            f"{argument}: {name!r} is a run and a commit",
            hint=f"write {os.path.relpath(by_id)} for the run, {commit[:12]} for the commit",
        )
    if not (is_run or commit or is_folder):
        raise UsageFailure(
            f"{argument}: {name!r} is neither a run, nor a commit, nor a folder with a checkout or "
            "a pipeline",
            hint=f"{COMMAND} runs lists the runs; a commit is any name that git accepts",
        )
    return not is_run


@contextmanager
def version_folders(
    here: Checkout, names: Mapping[Side, str], cache: Cache
) -> Iterator[dict[Side, VersionFolder]]:
    """Check both versions out, each in a folder of its own, for the block.

    A folder is used as it is. The clones are in one temporary folder of this checkout, so that the
    next comparison finds what a killed one left behind.

    Args:
        here: The running checkout.
        names: What the user typed, by side; each names a version.
        cache: For the packages of a version whose lock file differs from the running one.

    Raises:
        UsageFailure: Both are the same folder, or a version has no lock file.
        StackFailure: Another comparison of this checkout is running, or git or the installation
            of packages failed.
    """
    work = _work_folder(here)
    with exclusive(here.stack / "comparison.lock"):
        _remove(work)
        own_folder(work)
        # PostgreSQL may run as another user, whose data is in the clone.
        work.chmod(0o711)
        try:
            yield _checked_out(here, names, cache, work)
        finally:
            _remove(work)


def _checked_out(
    here: Checkout, names: Mapping[Side, str], cache: Cache, work: Path
) -> dict[Side, VersionFolder]:
    found = {side: _version(here, side, name, work) for side, name in names.items()}
    if len({version.checkout.stack for version in found.values()}) < len(found):
        raise UsageFailure(
            "BASE and HEAD are the same folder, which can have one stack only",
            hint="name a commit, or a copy of the folder",
        )
    return {
        side: replace(version, python=_python(here, version, cache))
        for side, version in found.items()
    }


def _version(here: Checkout, side: Side, name: str, work: Path) -> VersionFolder:
    folder = Path(name).expanduser().absolute()
    inside = is_inside(here)
    if _is_checkout(folder):
        chosen = folder / here.pipeline.relative_to(here.root) if inside else here.pipeline
        checkout = Checkout(folder, chosen, here.results)
        return _described(side, name, checkout, folder)
    if _is_pipeline(folder):
        return _described(side, name, Checkout(here.root, folder, here.results), folder)
    repository = repository_of(here)
    clone = work / side
    # With the objects of the repository itself, so that it need not be reachable from a branch.
    tags = process_tags.tag(work)
    process.run(
        ["git", "clone", "--quiet", "--shared", "--no-checkout", repository, clone], env=tags
    )
    commit = _commit(repository, name)
    process.run(["git", "-C", clone, "checkout", "--quiet", "--detach", commit], env=tags)
    relative = here.pipeline.relative_to(repository)
    root = clone if inside else here.root
    return _described(side, name, Checkout(root, clone / relative, here.results), clone)


def _described(side: Side, name: str, checkout: Checkout, folder: Path) -> VersionFolder:
    return VersionFolder(side, name, checkout, *checked_out(folder), Path(sys.executable))


def _python(here: Checkout, version: VersionFolder, cache: Cache) -> Path:
    """Return the running Python if the lock files are equal, else one with the other packages."""
    if version.checkout.root == here.root:
        return version.python
    lock = version.checkout.root / _LOCK_FILE
    try:
        text = lock.read_bytes()
    except OSError as error:
        raise UsageFailure(
            f"{version.side}: {version.name} cannot be started: {lock}: {error.strerror}"
        ) from None
    if text == (here.root / _LOCK_FILE).read_bytes():
        return version.python
    digest = hashlib.sha256(text).hexdigest()[:12]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"

    def build(folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        uv_binary, tags = uv.find_uv_bin(), process_tags.tag(folder)
        process.run(
            [uv_binary, "venv", "--quiet", "--relocatable", "--python", sys.executable, folder],
            env=tags,
        )
        process.run(
            [
                *(uv_binary, "pip", "install", "--quiet", "--no-cache", "--compile-bytecode"),
                *("--python", folder / "bin" / "python"),
                *("--require-hashes", "--requirement", lock),
            ],
            env=tags,
        )

    tool = Tool("Python packages", python, f"version-packages-{python}-{digest}", 20, build)
    install_all(cache, (tool,))
    return cache.path(tool) / "bin" / "python"


def _work_folder(here: Checkout) -> Path:
    digest = hashlib.sha256(f"{os.geteuid()} {here.stack}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"cdc-perf-compare-{digest}"


def _remove(work: Path) -> None:
    """Remove the clones, and end what a killed comparison left running in them."""
    if is_own_folder(work):
        process_tags.end_tagged_processes(work)
        shutil.rmtree(work, ignore_errors=True)


def repository_of(here: Checkout) -> Path:
    """Return the repository whose commits are versions: the tool's, or that of the pipeline."""
    if is_inside(here):
        return here.root
    found = git_output(here.pipeline, "rev-parse", "--show-toplevel")
    return Path(found) if found else here.pipeline


def is_inside(here: Checkout) -> bool:
    """Return whether the pipeline is in the tool's checkout, so that it has the same commits."""
    return here.pipeline.is_relative_to(here.root)


def _commit(repository: Path, name: str) -> str:
    """Return the commit with a name; empty if there is none."""
    if name.startswith("-"):
        return ""
    return git_output(repository, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def _is_checkout(folder: Path) -> bool:
    return (folder / "tasks.py").is_file()


def _is_pipeline(folder: Path) -> bool:
    return (folder / "pipeline.toml").is_file()
