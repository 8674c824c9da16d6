"""release.yml as act runs it: everything but what takes minutes, the registry, and GitHub."""

import re

import pytest

from cdc_perf.ci.release import FILE
from tests.workflow import events
from tests.workflow.act import REPOSITORY, Ran, Repository

VERSION = "1.2.3"
TAG = f"v{VERSION}"


def make_ready(repository: Repository) -> None:
    """Commit what `inv release.check` asks for."""
    project = repository.path / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    changed = re.sub(r'^version = ".*"$', f'version = "{VERSION}"', text, flags=re.MULTILINE)
    project.write_text(changed, encoding="utf-8")
    changelog = repository.path / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(
        text.replace("## Unreleased", f"## {VERSION} (2026-11-30)", 1), encoding="utf-8"
    )
    repository.commit("ready")


def release(repository: Repository, fails: str = "nothing") -> Ran:
    payload = {"ref": f"refs/tags/{TAG}", "repository": events.repository(REPOSITORY)}
    return repository.run(FILE, "push", payload, RECORDED_RELEASE=fails, GITHUB_REF_NAME=TAG)


def calls(ran: Ran) -> list[str]:
    path = ran.store / "gh"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_a_tag_becomes_a_release_that_is_published_last(repository: Repository) -> None:
    make_ready(repository)
    ran = release(repository)
    assert ran.exit_code == 0, ran.lines
    assert set(ran.jobs.values()) == {"success"}
    assert {"Check", "k6", "Image index", "Assets", "Attest", "Publish"} <= set(ran.jobs)
    assert "ready for v1.2.3" in ran.said("Check")
    create, upload, publish = calls(ran)
    assert (
        create == f"release create {TAG} --draft --verify-tag --title {TAG} --notes-file notes.md"
    )
    assert upload.startswith(f"release upload {TAG} dist/")
    for name in ("SHA256SUMS", "k6-linux-amd64", "k6-linux-arm64"):
        assert f"dist/{name}" in upload
    assert publish == f"release edit {TAG} --draft=false"
    notes = (ran.store / "release-assets" / "notes.md").read_text(encoding="utf-8")
    assert notes.startswith("Load tests:\n")
    assert "## " not in notes


@pytest.mark.parametrize("session", ["lint", "tests", "compose-tests"])
def test_nothing_is_published_or_attested_if_a_test_fails(
    repository: Repository, session: str
) -> None:
    make_ready(repository)
    ran = release(repository, session)
    assert ran.exit_code != 0
    assert ran.jobs["Assets"] == "success"
    assert not {"Attest", "Publish"} & set(ran.jobs)
    assert calls(ran) == []


def test_a_commit_that_is_not_ready_is_not_built(repository: Repository) -> None:
    ran = release(repository)
    assert ran.jobs["Check"] == "failure"
    assert "not ready for v1.2.3" in ran.said("Check")
    assert not {"k6", "Images, amd64", "Assets", "Attest", "Publish"} & set(ran.jobs)
    assert calls(ran) == []
