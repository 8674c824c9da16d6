"""A GitHub of a few routes, over real HTTP: pull requests, comments, runs and artefacts."""

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from scripts.publish.names import BOT, results_name
from tests.workflow.act import REPOSITORY, TOKEN

_ROUTES = f"/repos/{REPOSITORY}"


@dataclass
class FakeGitHub:
    """What it holds, and what was asked of it.

    Attributes:
        server: What serves it.
        pulls: The open pull requests.
        comments: Of every issue, the oldest first; one without an issue is of each.
        runs: The finished runs of performance-test.yml, the newest first.
        archives: A zip file by the number of the workflow run that left it.
        asked: Each request, `POST /issues/7/comments`.
    """

    server: HTTPServer
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.server.url_for("")).rstrip("/")

    def serve(self) -> None:
        self.server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def changes(self) -> list[str]:
        return [line for line in self.asked if not line.startswith("GET")]

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix(_ROUTES)
        self.asked.append(f"{request.method} {path}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _json({"message": "Bad credentials"}, 401)
        for method, route, answer in (
            ("GET", r"/pulls", self._list_pulls),
            ("GET", r"/actions/workflows/performance-test\.yml/runs", self._list_runs),
            ("GET", r"/actions/runs/(\d+)/artifacts", self._list_artefacts),
            ("GET", r"/actions/artifacts/(\d+)/zip", self._download),
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

    def _list_runs(self, request: Request, _: int) -> Response:
        branch = request.args["branch"]
        return _json({"workflow_runs": [x for x in self.runs if x["head_branch"] == branch]})

    def _list_artefacts(self, request: Request, run: int) -> Response:
        return _json({"artifacts": self._artefacts(run, request.args["name"])})

    def _download(self, _: Request, artefact: int) -> Response:
        return Response(self.archives[artefact], mimetype="application/zip")

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

    def _artefacts(self, run: int, name: str) -> list[dict[str, Any]]:
        if run not in self.archives or name != results_name(run, 1):
            return []
        size = len(self.archives[run])
        # An artefact has the number of its run: each has but one.
        return [{"id": run, "name": name, "size_in_bytes": size, "expired": False}]


def zipped(folder: Path) -> bytes:
    """Return a folder as the zip file that GitHub makes of an artefact."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, str(path.relative_to(folder)))
    return stream.getvalue()


def _owner(pull: dict[str, Any]) -> str:
    return str(pull["head"]["repo"]["owner"]["login"])


def _body(request: Request) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(request.data)
    return content


def _json(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
