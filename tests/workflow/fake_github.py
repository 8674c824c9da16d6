"""A GitHub of a few routes, over real HTTP: pull requests, comments, runs and artifacts."""

import base64
import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from cdc_perf.publish.names import (
    BOT,
    CALLING_JOB,
    COMPARE_JOB,
    GATE_JOB,
    REPORT_JOB,
    STATUS_CONTEXT,
    comparison_name,
    results_name,
    scenario_results_name,
)
from cdc_perf.settings.scenarios import HEALTH_CHECK
from tests.workflow.act import REPOSITORY, TOKEN

SUCCEEDED = (*(f"Run {x}" for x in ("baseline", "e2e-latency")), COMPARE_JOB)


@dataclass(frozen=True)
class Artifact:
    """A zip file that a workflow run left."""

    run: int
    name: str
    content: bytes


def jobs(attempt: int = 1, /, **conclusions: str) -> list[dict[str, Any]]:
    """Return jobs of an attempt: those named, `Run_baseline="failure"`, and no others."""
    return [
        {
            "name": f"{CALLING_JOB} / {name.replace('_', ' ', 1)}",
            "conclusion": ended,
            "run_attempt": attempt,
        }
        for name, ended in conclusions.items()
    ]


@dataclass
class FakeGitHub:
    """What it holds, and what was asked of it.

    Attributes:
        server: What serves it.
        repository: The full name of its one repository.
        pulls: The open pull requests.
        comments: Of every issue, the oldest first; one without an issue is of each.
        runs: The finished runs of performance-test.yml, the newest first.
        artifacts: What workflow runs left; the number of each is its place, from 1.
        jobs: How the jobs of a workflow run ended, by its number; of the others all succeeded.
        changed: The files that every comparison of two commits lists.
        contents: The content of files by path, at any commit.
        parents: The parents of commits; each commit with parents is within the base branch.
        history: What happened to pull requests, by number.
        queue: The branches of the merge queue, with their tips.
        statuses: The statuses that were set, by commit; the last of each counts.
        asked: Each request, `POST /issues/7/comments`.
    """

    server: HTTPServer
    repository: str = REPOSITORY
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=lambda: ["src/cdc_consumer/sink.py"])
    contents: dict[str, bytes] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    history: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    queue: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.server.url_for("")).rstrip("/")

    def serve(self) -> None:
        self.server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def changes(self) -> list[str]:
        return [line for line in self.asked if not line.startswith("GET")]

    def keep(self, run: int, folder: Path, *, attempt: int = 1, report: bool = True) -> None:
        """Keep the run folders within a folder as the artifacts of an attempt."""
        for found in sorted(folder.glob("*/run.json")):
            names = [x["name"] for x in json.loads(found.read_bytes())["scenarios"]]
            (scenario,) = [name for name in names if name != HEALTH_CHECK]
            content = zipped(found.parent, found.parent.parent)
            self.artifacts.append(
                Artifact(run, scenario_results_name(scenario, run, attempt), content)
            )
        if report:
            self.artifacts.append(Artifact(run, results_name(run, attempt), zipped(folder)))

    def keep_comparison(self, run: int, folder: Path, *, attempt: int = 1) -> None:
        """Keep the comparison within a folder as the artifact of an attempt."""
        self.artifacts.append(Artifact(run, comparison_name(run, attempt), zipped(folder)))

    def status(self, commit: str) -> str:
        """Return the state of the required status of a commit; empty: there is none."""
        ours = [x for x in self.statuses.get(commit, ()) if x["context"] == STATUS_CONTEXT]
        return str(ours[-1]["state"]) if ours else ""

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix(f"/repos/{self.repository}")
        self.asked.append(f"{request.method} {path}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _json({"message": "Bad credentials"}, 401)
        for method, route, answer in (
            ("GET", r"/pulls", self._list_pulls),
            ("GET", r"/actions/workflows/performance-test\.yml/runs", self._list_runs),
            ("GET", r"/actions/runs/(\d+)/artifacts", self._list_artifacts),
            ("GET", r"/actions/artifacts/(\d+)/zip", self._download),
            ("GET", r"/actions/runs/(\d+)/jobs", self._list_jobs),
            ("GET", r"/compare/[0-9a-f]{40}\.\.\..+", self._compare),
            ("GET", r"/git/commits/[0-9a-f]{40}", self._commit),
            ("GET", r"/git/matching-refs/heads/.+", self._list_refs),
            ("GET", r"/pulls/(\d+)", self._pull),
            ("GET", r"/issues/(\d+)/events", self._list_events),
            ("GET", r"/contents/.*", self._content),
            ("POST", r"/statuses/[0-9a-f]{40}", self._set_status),
            ("GET", r"/issues/(\d+)/comments", self._list_comments),
            ("POST", r"/issues/(\d+)/comments", self._add_comment),
            ("PATCH", r"/issues/comments/(\d+)", self._edit_comment),
        ):
            match = re.fullmatch(route, path)
            if match and request.method == method:
                return answer(request, int(match[1]) if match.groups() else 0)
        return _json({"message": "Not Found"}, 404)

    def _list_pulls(self, request: Request, _: int) -> Response:
        head = request.args["head"]
        return _json([x for x in self.pulls if f"{_owner(x)}:{x['head']['ref']}" == head])

    def _pull(self, _: Request, number: int) -> Response:
        return _json(next(x for x in self.pulls if x["number"] == number))

    def _list_events(self, _: Request, number: int) -> Response:
        return _json(self.history.get(number, []))

    def _list_refs(self, request: Request, _: int) -> Response:
        prefix = request.path.partition("/matching-refs/")[2]
        refs = {f"refs/heads/{name}": sha for name, sha in self.queue.items()}
        found = {ref: sha for ref, sha in refs.items() if ref.startswith(f"refs/{prefix}")}
        return _json([{"ref": ref, "object": {"sha": sha}} for ref, sha in found.items()])

    def _list_runs(self, request: Request, _: int) -> Response:
        """Return the runs with every value that is asked for: a branch, or a head commit."""
        wanted = {
            name: request.args[key]
            for key, name in (("branch", "head_branch"), ("head_sha", "head_sha"))
            if key in request.args
        }
        runs = [x for x in self.runs if all(x[name] == wanted[name] for name in wanted)]
        return _json({"workflow_runs": runs})

    def _list_artifacts(self, _: Request, run: int) -> Response:
        listed = [
            {"id": number, "name": x.name, "size_in_bytes": len(x.content), "expired": False}
            for number, x in enumerate(self.artifacts, 1)
            if x.run == run
        ]
        return _json({"artifacts": listed})

    def _download(self, _: Request, artifact: int) -> Response:
        return Response(self.artifacts[artifact - 1].content, mimetype="application/zip")

    def _list_jobs(self, _: Request, run: int) -> Response:
        everything = dict.fromkeys((*SUCCEEDED, REPORT_JOB, GATE_JOB), "success")
        return _json({"jobs": self.jobs.get(run, jobs(**everything))})

    def _commit(self, request: Request, _: int) -> Response:
        parents = self.parents.get(request.path.rpartition("/")[2])
        if parents is None:
            return _json({"message": "Not Found"}, 404)
        return _json({"parents": [{"sha": sha} for sha in parents]})

    def _compare(self, request: Request, __: int) -> Response:
        base, _, head = request.path.rpartition("/")[2].partition("...")
        first_parents = {parents[0] for parents in self.parents.values()}
        return _json(
            {
                "files": [{"filename": path} for path in self.changed],
                # Of a group of the merge queue, whose commits are those of its branches.
                "commits": [{"sha": sha} for sha in (*self.queue.values(), head)],
                "status": "ahead" if base in first_parents else "diverged",
            }
        )

    def _content(self, request: Request, _: int) -> Response:
        content = self.contents.get(request.path.partition("/contents/")[2])
        if content is None:
            return _json({"message": "Not Found"}, 404)
        return _json({"content": base64.encodebytes(content).decode(), "encoding": "base64"})

    def _set_status(self, request: Request, _: int) -> Response:
        commit = request.path.rpartition("/")[2]
        self.statuses.setdefault(commit, []).append(_body(request))
        return _json(self.statuses[commit][-1], 201)

    def _list_comments(self, _: Request, issue: int) -> Response:
        return _json([x for x in self.comments if x.get("issue", issue) == issue])

    def _add_comment(self, request: Request, issue: int) -> Response:
        number = len(self.comments) + 1
        comment = {"id": number, "issue": issue, "user": {"login": BOT}, **_body(request)}
        self.comments.append(comment)
        return _json(comment, 201)

    def _edit_comment(self, request: Request, number: int) -> Response:
        comment = next(x for x in self.comments if x["id"] == number)
        comment.update(_body(request))
        return _json(comment)


def zipped(folder: Path, root: Path | None = None) -> bytes:
    """Return a folder as the zip file that GitHub makes of an artifact, names from `root` on."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, str(path.relative_to(root or folder)))
    return stream.getvalue()


def _owner(pull: dict[str, Any]) -> str:
    return str(pull["head"]["repo"]["owner"]["login"])


def _body(request: Request) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(request.data)
    return content


def _json(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
