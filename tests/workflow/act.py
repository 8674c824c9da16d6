"""act, which runs a workflow file on this machine, and a repository for it to run in.

Without Docker and without a network: jobs run in folders of their own on this machine, and each
action is a stand-in (stubs/README.md).
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cdc_perf import process
from cdc_perf.ci.emit import FOLDER
from cdc_perf.ci.pins import PINS

STUBS = Path(__file__).parent / "stubs"
ROOT = Path(__file__).parents[2]
REPOSITORY = "octo/cdc-perf"
FORK = "stranger/cdc-perf"
OTHER, OTHER_PIPELINE = "acme/shop", "load/shop"
RUN_ID = "4711"
# act does not have these; the variables that replace them in the copies of the workflows.
_UNKNOWN_TO_ACT = {
    "job.workflow_repository": "env.WORKFLOW_REPOSITORY",
    "job.workflow_sha": "env.WORKFLOW_SHA",
}
TOKEN = "a-token-of-the-test"  # noqa: S105 - opens nothing
_TIMEOUT_SECONDS = 240
_SUMMARY = "Summary - "
_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Ran:
    """What a run of a workflow came to.

    Attributes:
        exit_code: act's.
        jobs: The result of each job that ran, by the name that people see.
        lines: What was printed, by the same names.
        summary: What the jobs wrote into their summaries.
        store: The folder of artifacts.
    """

    exit_code: int
    jobs: Mapping[str, str]
    lines: Mapping[str, tuple[str, ...]]
    summary: str
    store: Path

    def said(self, job: str) -> str:
        return "\n".join(self.lines.get(job, ()))

    @property
    def artifacts(self) -> set[str]:
        return {path.name for path in self.store.iterdir() if path.is_dir()}

    def retention_days(self, name: str) -> int:
        content = json.loads((self.store / f"{name}.json").read_bytes())
        return int(content["retention_days"])


@dataclass(frozen=True)
class Repository:
    """A repository with the working tree of this one as its main branch, or one of others.

    Attributes:
        path: Its folder.
        home: The home folder of the jobs.
        store: The folder of artifacts.
        name: Its full name.
        tool: The repository whose workflows it calls; None: its own.
    """

    path: Path
    home: Path
    store: Path
    name: str = REPOSITORY
    tool: "Repository | None" = None

    @classmethod
    def make(cls, folder: Path, home: Path, source: Path) -> "Repository":
        """Clone `source`, which `make_source` made."""
        path = folder / "repository"
        _git(folder, "clone", "--quiet", "--shared", str(source), str(path))
        _git(path, "remote", "set-url", "origin", f"https://github.com/{REPOSITORY}")
        _name(path)
        _git(path, "config", "uploadpack.allowAnySHA1InWant", "true")
        for file in (path / FOLDER).iterdir():
            text = file.read_text(encoding="utf-8")
            for old, new in _UNKNOWN_TO_ACT.items():
                text = text.replace(old, new)
            file.write_text(text, encoding="utf-8")
        store = folder / "artifacts"
        store.mkdir()
        made = cls(path, home, store)
        made.commit("for act")
        return made

    @classmethod
    def make_other(cls, tool: "Repository", pipeline: Path) -> "Repository":
        """Make a repository of others with a pipeline, and with the files that call ours."""
        folder = tool.store.parent
        path = folder / "shop"
        shutil.copytree(pipeline, path / OTHER_PIPELINE)
        (path / "consumer").mkdir()
        (path / "consumer" / "main.go").write_text("package main\n", encoding="utf-8")
        _git(path, "init", "--quiet", "--initial-branch", "main")
        _git(path, "remote", "add", "origin", f"https://github.com/{OTHER}")
        _name(path)
        _git(path, "config", "uploadpack.allowAnySHA1InWant", "true")
        made = cls(path, tool.home, tool.store, OTHER, tool)
        made.write_workflows("--pipeline", str(path / OTHER_PIPELINE))
        made.commit("the shop")
        return made

    def write_workflows(self, *words: str) -> process.Completed:
        """Run `inv workflow --into` of the tool for it."""
        assert self.tool is not None
        command = ["-m", "invoke", "workflow", "--into", str(self.path), *words]
        return process.run([sys.executable, *command], cwd=self.tool.path, check=False)

    def commit(self, message: str) -> None:
        """Commit what was changed in the working tree."""
        _git(self.path, "add", "--all")
        _git(self.path, "commit", "--quiet", "--message", message)

    def change(self, *paths: str, content: bytes = b"", meanwhile: str = "") -> str:
        """Make a pull request that changes files, check out its merge, return its head's commit.

        Each file gets the content that is given, else an empty line at its end. `meanwhile` is a
        file that others add to the base branch.
        """
        _git(self.path, "checkout", "--quiet", "-b", "change")
        for path in paths:
            (self.path / path).parent.mkdir(parents=True, exist_ok=True)
            with (self.path / path).open("wb" if content else "ab") as stream:
                stream.write(content or b"\n")
        self.commit("a change")
        head = _git(self.path, "rev-parse", "HEAD")
        _git(self.path, "checkout", "--quiet", "main")
        if meanwhile:
            (self.path / meanwhile).write_text("of others\n", encoding="utf-8")
            self.commit("what others merged")
        _git(self.path, "merge", "--quiet", "--no-ff", "--message", "the merge", "change")
        return head

    def commit_of(self, name: str) -> str:
        """Return the commit that git knows by a name."""
        return _git(self.path, "rev-parse", name)

    def changed_files(self) -> list[str]:
        """Return the files that the last pull request changes."""
        return _git(self.path, "diff", "--name-only", "change^", "change").splitlines()

    def back_to_main(self) -> None:
        """Check out the default branch as it was before the pull request."""
        _git(self.path, "reset", "--quiet", "--hard", "HEAD^1")

    def queue(self, *paths: str) -> tuple[str, str]:
        """Check out a group of the merge queue: two changes, squashed; return base and head."""
        base = _git(self.path, "rev-parse", "HEAD")
        for path in paths:
            (self.path / path).parent.mkdir(parents=True, exist_ok=True)
            with (self.path / path).open("a", encoding="utf-8") as stream:
                stream.write("\n")
            self.commit(f"a change of {path}")
        return base, _git(self.path, "rev-parse", "HEAD")

    def run(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        meanwhile: Callable[[process.Running], object] = lambda _: None,
        settings: Mapping[str, str] = MappingProxyType({}),
        **variables: str,
    ) -> Ran:
        """Run a workflow file.

        Args:
            workflow: Its name.
            event: The event's name.
            payload: The event.
            meanwhile: What to do while it runs.
            settings: The variables of the repository, which a fork's run does not see.
            variables: Those of the jobs' environment.
        """
        folder = self.store.parent
        event_file = folder / "event.json"
        event_file.write_text(json.dumps(payload), encoding="utf-8")
        tool = self.tool or self
        given = {
            "STUBS": str(STUBS),
            "STUB_PYTHON": sys.executable,
            "ARTIFACT_STORE": str(self.store),
            "GITHUB_RUN_ID": RUN_ID,
            "GITHUB_RUN_ATTEMPT": "1",
            "CHECKOUTS": json.dumps({x.name: str(x.path) for x in (self, tool)}),
            "WORKFLOW_REPOSITORY": tool.name,
            "WORKFLOW_SHA": tool.commit_of("HEAD"),
            **variables,
        }
        called = f"https://github.com/{tool.name}@{tool.commit_of('HEAD')}={tool.path}"
        command: list[str | Path] = [
            *(str(_BIN / "act"), event, "--workflows", f".github/workflows/{workflow}"),
            *("--eventpath", str(event_file), "--json", "--no-cache-server"),
            "--no-skip-checkout",
            *(
                "--platform",
                "ubuntu-latest=-self-hosted",
                "--platform",
                "ubuntu-24.04-arm=-self-hosted",
            ),
            *("--secret", f"GITHUB_TOKEN={TOKEN}"),
            *("--defaultbranch", "main", "--container-daemon-socket", "-"),
            *(word for pin in (*_stubbed(), called) for word in ("--local-repository", pin)),
            *(word for pair in given.items() for word in ("--env", "=".join(pair))),
            *(word for pair in settings.items() for word in ("--var", "=".join(pair))),
        ]
        path = os.environ["PATH"]
        clean: dict[str, str] = {
            "PATH": f"{STUBS / 'release'}:{path}" if "RECORDED_RELEASE" in variables else path,
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(folder / "act-cache"),
            "DOCKER_HOST": "unix:///nonexistent",
        }
        lines: list[str] = []
        running = process.start(
            ["env", "-i", *("=".join(x) for x in clean.items()), *command],
            cwd=self.path,
            on_line=lines.append,
        )
        try:
            meanwhile(running)
            ended = running.ended_within(_TIMEOUT_SECONDS)
        finally:
            running.kill_group()
        assert ended, lines[-20:]
        return _ran(running.wait().exit_code, lines, self.store)


def make_source(folder: Path) -> Path:
    """Commit what a clone of this working tree would have to a new repository."""
    left_out = shutil.ignore_patterns(
        ".git", ".nox", ".venv", ".stack", "*_cache", "__pycache__", "2*Z-*", "latest"
    )
    path = folder / "source"
    shutil.copytree(ROOT, path, ignore=left_out)
    _git(path, "init", "--quiet", "--initial-branch", "main")
    _name(path)
    _git(path, "add", "--all")
    _git(path, "commit", "--quiet", "--message", "the project")
    return path


def _stubbed() -> list[str]:
    names = {"/".join(pin.repository.split("/")[:2]): pin.sha for pin in PINS}
    return [
        f"https://github.com/{name}@{sha}={STUBS / name.partition('/')[2]}"
        for name, sha in names.items()
    ]


def _ran(exit_code: int, output: Sequence[str], store: Path) -> Ran:
    jobs: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    for line in output:
        if not line.startswith("{"):
            lines.setdefault("", []).append(line)
            continue
        entry = json.loads(line)
        job = entry.get("job", "").rpartition("/")[2].strip()
        job = re.sub(r"-\d+$", "", job)
        lines.setdefault(job, []).append(entry["msg"].rstrip())
        if "jobResult" in entry:
            jobs[job] = entry["jobResult"]
    printed = {job: tuple(messages) for job, messages in lines.items()}
    summary = "\n".join(
        message.partition(_SUMMARY)[2]
        for messages in printed.values()
        for message in messages
        if _SUMMARY in message
    )
    return Ran(exit_code, jobs, printed, summary, store)


def _name(path: Path) -> None:
    _git(path, "config", "user.name", "A test")
    _git(path, "config", "user.email", "test@localhost")


def _git(path: Path, *words: str) -> str:
    return process.run(["git", "-C", path, *words]).output.strip()
