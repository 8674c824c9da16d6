"""Which repository and commit another repository's workflows call."""

import json
from importlib import metadata

import pytest

from cdc_perf.ci import origin
from cdc_perf.ci.origin import Origin
from cdc_perf.errors import UsageFailure
from cdc_perf.tools.released import Release

COMMIT = "c" * 40


class Tool:
    """An installed cdc-perf, or one in a checkout, whose origin is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, installed: bool = False) -> None:
        self.version: tuple[str, str, bool] = ("1.2.0", COMMIT, False)
        self.remote, self.installed_from, self.released = "", "", ""
        monkeypatch.setattr(origin, "IS_INSTALLED", installed)
        monkeypatch.setattr(origin, "tool_version", lambda _: self.version)
        monkeypatch.setattr(origin, "git_output", lambda *_: self.remote)
        monkeypatch.setattr(Release, "read", lambda _: Release(repository=self.released))
        monkeypatch.setattr(metadata, "distribution", lambda _: self)

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.installed_from or None


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/owner/the-name",
        "https://github.com/owner/the-name.git",
        "https://token@github.com/owner/the-name/",
        "git@github.com:owner/the-name.git",
        "ssh://git@github.com/owner/the-name.git",
    ],
)
def test_a_checkout_has_the_repository_of_its_remote(
    monkeypatch: pytest.MonkeyPatch, remote: str
) -> None:
    tool = Tool(monkeypatch)
    tool.remote = remote
    assert origin.origin() == Origin("owner/the-name", COMMIT, "v1.2.0")


def test_a_release_names_its_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Tool(monkeypatch, installed=True)
    tool.released, tool.installed_from = "owner/released", '{"url": "file:///somewhere"}'
    assert origin.origin().repository == "owner/released"


def test_an_installation_from_git_has_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Tool(monkeypatch, installed=True)
    url = "https://github.com/owner/the-name.git"
    tool.installed_from = json.dumps({"url": url, "vcs_info": {"vcs": "git"}})
    assert origin.origin().repository == "owner/the-name"


@pytest.mark.parametrize(
    "remote", ["", "/srv/git/name", "https://gitlab.com/owner/name", "https://github.com/owner"]
)
def test_what_is_on_no_github_cannot_be_called(
    monkeypatch: pytest.MonkeyPatch, remote: str
) -> None:
    tool = Tool(monkeypatch, installed=True)
    tool.installed_from = json.dumps({"url": remote}) if remote else ""
    with pytest.raises(UsageFailure, match="the repository of this cdc-perf on GitHub"):
        origin.origin()


@pytest.mark.parametrize("version", [("1.2.0", "", False), ("1.2.0", COMMIT, True)])
def test_what_no_commit_has_cannot_be_called(
    monkeypatch: pytest.MonkeyPatch, version: tuple[str, str, bool]
) -> None:
    tool = Tool(monkeypatch)
    tool.version, tool.remote = version, "https://github.com/owner/name"
    with pytest.raises(UsageFailure, match="no commit has the code"):
        origin.origin()
