"""The versions that `inv compare` is given, in a real repository; nothing is started."""

import shutil
import sys
from pathlib import Path

import pytest

from cdc_perf import process, process_tags
from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.perf.comparison.versions import names_versions, version_folders
from cdc_perf.results.comparison import Side
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.waiting import NotReady, wait_until

FILES = ("tasks.py", "requirements/perf.txt", "pipelines/sample/pipeline.toml")
RUN = "20261124T222034Z-a700"


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.test")
    return process.run(["git", "-C", folder, *identity, *words]).output.strip()


def committed(folder: Path, content: str) -> str:
    (folder / "tasks.py").write_text(content, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", content)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def here(tmp_path: Path) -> Checkout:
    """A repository with two commits and a run."""
    root = tmp_path / "checkout"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("", encoding="utf-8")
    (root / ".gitignore").write_text("results\n", encoding="utf-8")
    process.run(["git", "init", "--quiet", root])
    committed(root, "one")
    committed(root, "two")
    checkout = Checkout.at(root, {})
    run = checkout.results / RUN
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}", encoding="utf-8")
    return checkout


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_names_of_versions_and_of_runs(here: Checkout, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(here.root, copy)
    for name in ("HEAD", "HEAD~1", git(here.root, "rev-parse", "HEAD"), str(copy)):
        assert names_versions(here, {"BASE": "HEAD", "HEAD": name})
    assert names_versions(here, {"BASE": "HEAD", "HEAD": str(here.pipeline)})
    assert not names_versions(here, {"BASE": RUN, "HEAD": str(here.results / RUN)})


@pytest.mark.parametrize(
    ("base", "head", "message"),
    [
        ("HEAD", RUN, "HEAD is a run"),
        ("HEAD", "no-such-branch", "'no-such-branch' is neither"),
        ("--output=x", "HEAD", "'--output=x' is neither"),
        ("", "HEAD", "'' is neither"),
    ],
)
def test_names_that_cannot_be_compared(here: Checkout, base: str, head: str, message: str) -> None:
    with pytest.raises(UsageFailure, match=message):
        names_versions(here, {"BASE": base, "HEAD": head})


def test_a_name_that_could_be_both_is_refused_with_both_spellings(here: Checkout) -> None:
    git(here.root, "branch", RUN)
    with pytest.raises(UsageFailure) as refused:
        names_versions(here, {"BASE": "HEAD", "HEAD": RUN})
    assert str(here.results / RUN).rpartition("checkout/")[2] in refused.value.hint
    assert git(here.root, "rev-parse", "HEAD")[:12] in refused.value.hint


@pytest.fixture
def dangling(here: Checkout) -> str:
    """A commit that no branch contains, as a merge that CI checks out."""
    commit = committed(here.root, "three")
    git(here.root, "reset", "--quiet", "--hard", "HEAD~1")
    return commit


def test_each_commit_is_in_a_clone_of_its_own(here: Checkout, cache: Cache, dangling: str) -> None:
    names = {Side.BASE: "HEAD~1", Side.HEAD: dangling}
    with version_folders(here, names, cache) as found:
        base, head = found[Side.BASE], found[Side.HEAD]
        assert (base.checkout.root / "tasks.py").read_text(encoding="utf-8") == "one"
        assert (head.checkout.root / "tasks.py").read_text(encoding="utf-8") == "three"
        assert (head.commit, head.changed) == (dangling, False)
        assert head.checkout.pipeline == head.checkout.root / "pipelines" / "sample"
        assert {base.python, head.python} == {Path(sys.executable)}
    assert not base.checkout.root.exists()
    assert git(here.root, "status", "--porcelain") == ""


def test_a_shallow_checkout_of_a_merge_has_its_first_parent(
    here: Checkout, cache: Cache, tmp_path: Path
) -> None:
    git(here.root, "checkout", "--quiet", "-b", "feature", "HEAD~1")
    (here.root / "more").write_text("", encoding="utf-8")
    git(here.root, "add", "--all")
    git(here.root, "commit", "-qm", "more")
    git(here.root, "checkout", "--quiet", "--detach", "HEAD@{2}")
    git(here.root, "merge", "--quiet", "--no-ff", "-m", "merge", "feature")
    git(here.root, "update-ref", "refs/pull/1/merge", "HEAD")
    shallow = tmp_path / "shallow"
    git(tmp_path, "init", "--quiet", str(shallow))
    git(shallow, "fetch", "--quiet", "--depth", "2", here.root.as_uri(), "refs/pull/1/merge")
    git(shallow, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    merge, parent = git(shallow, "rev-parse", "HEAD"), git(shallow, "rev-parse", "HEAD^1")
    names = {Side.BASE: parent, Side.HEAD: merge}
    with version_folders(Checkout.at(shallow, {}), names, cache) as found:
        assert found[Side.BASE].commit == parent
        assert (found[Side.BASE].checkout.root / "tasks.py").read_text(encoding="utf-8") == "two"
        assert not (found[Side.BASE].checkout.root / "more").exists()
        assert (found[Side.HEAD].checkout.root / "more").exists()


def test_a_folder_is_used_as_it_is(here: Checkout, cache: Cache) -> None:
    (here.root / "tasks.py").write_text("changed", encoding="utf-8")
    with version_folders(here, {Side.BASE: "HEAD", Side.HEAD: str(here.root)}, cache) as found:
        head = found[Side.HEAD]
        assert (head.checkout.root, head.changed) == (here.root, True)
    assert (here.root / "tasks.py").read_text(encoding="utf-8") == "changed"


def test_a_folder_cannot_be_both(here: Checkout, cache: Cache) -> None:
    names = {Side.BASE: str(here.root), Side.HEAD: str(here.root)}
    with pytest.raises(UsageFailure, match="same folder"), version_folders(here, names, cache):
        pytest.fail("it was accepted")


def test_commits_of_a_pipeline_in_a_repository_of_its_own(
    here: Checkout, cache: Cache, tmp_path: Path
) -> None:
    pipeline = tmp_path / "repository" / "shop"
    pipeline.mkdir(parents=True)
    process.run(["git", "init", "--quiet", pipeline.parent])
    for content in ("one", "two"):
        (pipeline / "pipeline.toml").write_text(content, encoding="utf-8")
        committed(pipeline.parent, content)
    own = Checkout(here.root, pipeline, pipeline / "results")
    with version_folders(own, {Side.BASE: "HEAD~1", Side.HEAD: str(pipeline)}, cache) as found:
        base, head = found[Side.BASE].checkout, found[Side.HEAD].checkout
        assert base.root == head.root == here.root
        assert base.pipeline_file.read_text(encoding="utf-8") == "one"
        assert head.pipeline == pipeline


def expect_started(root: Path) -> None:
    if not process_tags.tagged_processes(root):
        raise NotReady("it has not started")


def test_what_a_killed_comparison_left_is_removed(here: Checkout, cache: Cache) -> None:
    names = {Side.BASE: "HEAD~1", Side.HEAD: "HEAD"}
    with version_folders(here, names, cache) as found:
        root = found[Side.BASE].checkout.root
    root.mkdir(parents=True)
    process.start(["setsid", "--fork", "sleep", "60"], env=process_tags.tag(root))
    wait_until(lambda: expect_started(root), what="the process", deadline_seconds=10)
    with version_folders(here, names, cache) as found:
        assert found[Side.BASE].checkout.root == root
        assert not process_tags.tagged_processes(root)
    assert not root.parent.exists()


def test_one_comparison_at_a_time(here: Checkout, cache: Cache) -> None:
    names = {Side.BASE: "HEAD~1", Side.HEAD: "HEAD"}
    with (
        version_folders(here, names, cache),
        pytest.raises(StackFailure, match="in use"),
        version_folders(here, names, cache),
    ):
        pytest.fail("two at a time")
