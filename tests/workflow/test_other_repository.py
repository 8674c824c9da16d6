"""A repository of others, whose two files call this project's workflows for its own pipeline."""

import json
from pathlib import Path

import pytest

from cdc_perf.ci.emit import FOLDER
from cdc_perf.ci.inputs import Input
from cdc_perf.errors import ExitCode
from cdc_perf.publish.labels import LABEL
from tests.policy.policies import POLICIES, File, both_callers_give_the_same
from tests.workflow import events
from tests.workflow.act import OTHER, OTHER_PIPELINE, REPOSITORY, RUN_ID, Repository
from tests.workflow.comparisons import asked
from tests.workflow.fake_github import FakeGitHub
from tests.workflow.shop import COMMENT, TEST, judge, measure

FORK = "stranger/shop"


@pytest.mark.parametrize("of", [OTHER, FORK], ids=["same repository", "fork"])
def test_a_pull_request_is_measured_judged_and_commented_on(
    shop: Repository, github: FakeGitHub, of: str
) -> None:
    head = shop.change("consumer/main.go")
    ran = measure(shop, head, of=of)
    assert ran.exit_code == 0, ran.lines
    scenarios = {"Run baseline", "Run e2e-latency"}
    assert set(ran.jobs) == {"Plan", *scenarios, "Compare", "Report", "Gate"}
    commits = (shop.commit_of("HEAD^1"), shop.commit_of("HEAD"))
    assert (asked(ran)["base"], asked(ran)["head"]) == commits
    assert f"k6-results-baseline-{RUN_ID}-1" in ran.artifacts
    logs = ran.store / f"logs-baseline-{RUN_ID}-1"
    assert [x.name for x in logs.iterdir()] == ["kafka.log"]

    judged = judge(shop, github, head, ran, of=of)
    assert judged.exit_code == 0, judged.lines
    assert github.status(head) == "success"
    (comment,) = github.comments
    assert "2 scenarios judged by the default branch's thresholds: all hold" in comment["body"]
    assert f"https://github.com/{OTHER}/" in comment["body"]
    assert REPOSITORY not in comment["body"]


def test_a_broken_threshold_of_its_own_turns_status_and_gate_red(
    shop: Repository, github: FakeGitHub
) -> None:
    own = {"baseline": {"cdc_e2e_latency": {"p95": 25}}}
    thresholds = shop.path / OTHER_PIPELINE / "thresholds.json"
    thresholds.write_text(json.dumps(own), encoding="utf-8")
    shop.commit("a threshold")
    head = shop.change("consumer/main.go")
    ran = measure(shop, head, baseline="fail")
    assert ran.jobs["Gate"] == "failure"
    assert "the threshold is 25 ms" in ran.said("Gate")

    judge(shop, github, head, ran)
    assert github.status(head) == "failure"
    (comment,) = github.comments
    assert "the threshold is 25 ms" in comment["body"]


def test_a_worse_version_is_red_until_the_label(shop: Repository, github: FakeGitHub) -> None:
    head = shop.change("consumer/main.go")
    ran = measure(shop, head, compared="worse")
    judge(shop, github, head, ran)
    assert github.status(head) == "failure"
    assert "**worse**: " in github.comments[0]["body"]

    github.pulls = [events.pull(head, of=OTHER, labels=(LABEL,))]
    github.history[events.NUMBER] = [events.labeled(events.AFTER)]
    payload = events.label(head, LABEL, of=OTHER)
    shop.run(COMMENT, "pull_request_target", payload, GITHUB_API_URL=github.url)
    assert github.status(head) == "success"


def test_a_pull_request_that_asks_for_less_is_judged_by_the_default_branch(
    shop: Repository, github: FakeGitHub
) -> None:
    given = f"pipeline: {OTHER_PIPELINE}\n"
    text = (shop.path / FOLDER / TEST).read_text(encoding="utf-8")
    less = text.replace(given, f"{given}      scenarios: baseline\n")
    head = shop.change(f"{FOLDER}/{TEST}", content=less.encode())
    ran = measure(shop, head)
    assert ran.jobs["Gate"] == "success"
    assert "Run e2e-latency" not in ran.jobs

    judge(shop, github, head, ran)
    assert github.status(head) == "failure"
    body = github.comments[0]["body"]
    assert "e2e-latency: it has no results" in body
    assert "**workflow**" in body


def test_a_group_of_the_merge_queue_is_measured(shop: Repository) -> None:
    base, head = shop.queue("consumer/main.go", "README.md")
    event = events.merge_group(base, head, to=OTHER)
    ran = shop.run(TEST, "merge_group", event, RECORDED_PERF="{}")
    assert ran.exit_code == 0, ran.lines
    assert (asked(ran)["base"], asked(ran)["head"]) == (base, head)


def test_documentation_runs_nothing(shop: Repository) -> None:
    ran = measure(shop, shop.change("README.md"))
    assert set(ran.jobs) == {"Plan", "Gate"}
    assert ran.exit_code == 0


def test_a_server_that_does_not_name_the_called_commit_runs_no_code(shop: Repository) -> None:
    head = shop.change("consumer/main.go")
    payload = events.pull_request(head, to=OTHER)
    ran = shop.run(TEST, "pull_request", payload, RECORDED_PERF="{}", WORKFLOW_REPOSITORY="")
    assert ran.exit_code == 1
    assert ran.jobs["Plan"] == ran.jobs["Gate"] == "failure"
    assert "does not tell a called workflow its repository and commit" in ran.said("Plan")
    assert "is installed" not in ran.said("Plan")


def files(shop: Repository) -> list[File]:
    folder = shop.path / FOLDER
    return [File(name, (folder / name).read_text(encoding="utf-8")) for name in (TEST, COMMENT)]


def test_its_files_keep_every_policy(shop: Repository) -> None:
    assert sorted(x.name for x in (shop.path / FOLDER).iterdir()) == sorted((TEST, COMMENT))
    for file in files(shop):
        assert [fault for policy in POLICIES for fault in policy(file)] == []
    assert list(both_callers_give_the_same(files(shop))) == []


def test_an_edited_input_is_kept_and_reaches_both_files(shop: Repository) -> None:
    assert shop.write_workflows("--check").exit_code == 0
    test = shop.path / FOLDER / TEST
    given = f"      pipeline: {OTHER_PIPELINE}\n"
    text = test.read_text(encoding="utf-8")
    assert given in text
    passed = "    secrets:\n      CDC_POSTGRES_DSN: ${{ secrets.SHOP_DSN }}\n"
    test.write_text(
        text.replace(given, f"{given}      stack: external\n      minutes: 20\n") + passed,
        encoding="utf-8",
    )
    drifted = shop.write_workflows("--check")
    assert drifted.exit_code == ExitCode.USAGE
    assert "+      stack: external" in drifted.output
    written = shop.write_workflows()
    assert f"{FOLDER}/{COMMENT}: written" in written.output
    for file in files(shop):
        (job,) = file.calling_jobs.values()
        assert job["with"] == {
            Input.PIPELINE: OTHER_PIPELINE,
            Input.STACK: "external",
            Input.MINUTES: "20",
        }
    run, comment = (next(iter(x.calling_jobs.values())) for x in files(shop))
    assert run["secrets"] == {"CDC_POSTGRES_DSN": "${{ secrets.SHOP_DSN }}"}
    assert "secrets" not in comment
    assert shop.write_workflows("--check").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# Generated by", "# Made by", "was not written by cdc-perf workflow"),
        ("      pipeline: load/shop", "      pipline: x", "did you mean pipeline?"),
        ("      pipeline: load/shop", "      pipeline: [x]", "pipeline is not text"),
        ("  performance:\n", "  other:\n", "has no job performance"),
        ("jobs:\n", "jobs: [\n", "has no job performance"),
    ],
)
def test_a_file_that_cannot_be_updated_is_left_as_it_is(
    shop: Repository, old: str, new: str, said: str
) -> None:
    test = shop.path / FOLDER / TEST
    text = test.read_text(encoding="utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    test.write_text(broken, encoding="utf-8")
    refused = shop.write_workflows()
    assert refused.exit_code == ExitCode.USAGE
    assert said in refused.output
    assert "Traceback" not in refused.output
    assert test.read_text(encoding="utf-8") == broken


def test_what_no_commit_has_cannot_be_called(shop: Repository, tmp_path: Path) -> None:
    tool = shop.tool
    assert tool is not None
    (tool.path / "new.py").touch()
    refused = shop.write_workflows()
    assert refused.exit_code == ExitCode.USAGE
    assert "no commit has the code of this cdc-perf" in refused.output
    (tool.path / "new.py").unlink()
    elsewhere = Repository(tmp_path, shop.home, shop.store, OTHER, tool)
    assert "is not the top folder of a git repository" in elsewhere.write_workflows().output
