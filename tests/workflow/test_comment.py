"""performance-comment.yml as act runs it, against a GitHub over real HTTP."""

from pathlib import Path

import pytest

from scripts.publish.names import BOT
from scripts.publish.sticky import MARKER
from scripts.report.rows import Row
from tests.unit.recorded_runs import FAST, SLOW, row, spoil, write_run
from tests.workflow import events
from tests.workflow.act import FORK, REPOSITORY, Ran, Repository
from tests.workflow.fake_github import FakeGitHub, zipped

FILE = "performance-comment.yml"
HEAD = "4" * 40
RUN = 4711
BEFORE = 4600
PAGE = f"https://github.com/{REPOSITORY}/actions/runs"


def comment(
    repository: Repository, github: FakeGitHub, *, of: str = REPOSITORY, conclusion: str = "success"
) -> Ran:
    payload = events.finished(HEAD, of=of, conclusion=conclusion)
    return repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)


def results(folder: Path, *rows: Row) -> bytes:
    for number, found in enumerate(rows):
        write_run(folder, [row("health-check"), found], number)
    return zipped(folder)


@pytest.mark.parametrize("of", [REPOSITORY, FORK], ids=["same repository", "fork"])
def test_the_comment_is_made_once_and_then_edited(
    repository: Repository, github: FakeGitHub, tmp_path: Path, of: str
) -> None:
    github.pulls = [events.pull(HEAD, of=of)]
    # Anybody can write the marker: a comment is ours by its author.
    github.comments = [{"id": 1, "user": {"login": "stranger"}, "body": f"{MARKER} mine"}]
    github.archives[RUN] = results(tmp_path / "first", row("baseline"), row("e2e-latency"))
    ran = comment(repository, github, of=of)
    assert ran.exit_code == 0, ran.lines
    assert "#7: commented" in ran.said("Comment")
    assert github.changes() == ["POST /issues/7/comments"]

    github.archives[RUN] = results(tmp_path / "second", row("baseline", SLOW), row("e2e-latency"))
    ran = comment(repository, github, of=of, conclusion="failure")
    assert ran.exit_code == 0, ran.lines
    assert "#7: the comment is edited" in ran.said("Comment")
    assert github.changes()[1:] == ["PATCH /issues/comments/2"]

    theirs, ours = github.comments
    assert theirs["body"] == f"{MARKER} mine"
    assert ours["user"]["login"] == BOT
    assert ours["body"] == (
        f"""{MARKER}
## Performance

The check did not pass: it ended with `failure`.

**FAIL**: a limit or a gate on the pipeline is broken.

| scenario    | verdict   |   iterations |   rate/s |    e2e p50/p95/p99 ms |   samples |   errors |   dropped |   thresholds |
|-------------|-----------|--------------|----------|-----------------------|-----------|----------|-----------|--------------|
| baseline    | FAIL      |          600 |     10.0 | 1,200 / 2,310 / 4,100 |       540 |        0 |         0 |          0/1 |
| e2e-latency | PASS      |          600 |     10.0 |      36.4 / 51.2 / 73 |       540 |        0 |         0 |          1/1 |

- baseline: nothing was lost: `600 rows, 600 documents; 602 events, 600 acknowledged writes`
- e2e-latency: nothing was lost: `600 rows, 600 documents; 602 events, 600 acknowledged writes`

baseline: **FAIL**

- `cdc_e2e_latency p95 was 2,310 ms over 540 samples; the limit is 2,000 ms`

- run `20261124T020000Z-0000`, stack `local`, limits of `ci`, 1m each, commit `cccccccccccc`, `a processor`, 4 cores
- run `20261124T020100Z-0001`, stack `local`, limits of `ci`, 1m each, commit `cccccccccccc`, `a processor`, 4 cores
- `MongoDB figures are those of a stand-in`

### Changes since the base branch's last comparable run

- baseline: nothing to compare with: none of the last 5 runs there has results of it
- e2e-latency: nothing to compare with: none of the last 5 runs there has results of it

[Results and report]({PAGE}/4711/artifacts/4711) · [Job summary, logs and all artefacts]({PAGE}/4711) · commit `444444444444`
"""  # noqa: E501 - as it is written
    )


def test_changes_are_shown_against_the_base_branchs_last_comparable_run(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.archives = {
        RUN: results(tmp_path / "now", row("baseline")),
        BEFORE: results(tmp_path / "before", row("baseline", FAST)),
        # What a fork's branch called main left is not the base branch's.
        BEFORE + 1: results(tmp_path / "stranger", row("baseline", SLOW)),
    }
    github.runs = [
        events.run("5" * 40, number=BEFORE + 1, branch="main", of=FORK),
        events.run("5" * 40, number=BEFORE, branch="main", event="schedule"),
    ]
    ran = comment(repository, github)
    assert ran.exit_code == 0, ran.lines
    changes = github.comments[0]["body"].partition("### Changes")[2]
    assert [cells(line) for line in changes.splitlines() if line.startswith("| baseline")] == [
        ["baseline", "e2e p50, ms", "30", "600", "36.4", "540", "+21.3%"],
        ["baseline", "e2e p95, ms", "40", "600", "51.2", "540", "+28.0%"],
        ["baseline", "e2e p99, ms", "60", "600", "73", "540", "+21.7%"],
        ["baseline", "iterations/s", "10", "600", "10", "600", "none"],
        ["baseline", "errors", "0", "600", "0", "600", "none"],
    ]
    assert f"One run beside one of [4600]({PAGE}/4600): changes, not judged." in changes
    assert f"GET /actions/artifacts/{BEFORE + 1}/zip" not in github.asked


def test_two_pull_requests_with_one_head_have_a_comment_each(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD), events.pull(HEAD, number=8, base="release")]
    for number, found in ((8, row("baseline", SLOW)), (7, row("baseline"))):
        github.archives[RUN] = results(tmp_path / str(number), found)
        payload = events.finished(HEAD, title=f"Pull request #{number}")
        ran = repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)
        assert ran.exit_code == 0, ran.lines
    assert github.changes() == ["POST /issues/8/comments", "POST /issues/7/comments"]
    slow, good = (x["body"] for x in github.comments)
    assert "**FAIL**" in slow
    assert "**FAIL**" not in good


def test_a_run_that_does_not_say_which_of_two_it_was_for_comments_on_neither(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull(HEAD), events.pull(HEAD, number=8, base="release")]
    ran = comment(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.changes() == []


def test_a_newer_push_gets_its_comment_from_its_own_run(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull("6" * 40)]
    ran = comment(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert "no open pull request has this commit as its head" in ran.said("Comment")
    assert github.changes() == []


def test_a_pull_request_that_moves_nothing_gets_no_comment_of_its_own(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull(HEAD)]
    ran = comment(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.changes() == []


@pytest.mark.parametrize("conclusion", ["failure", "cancelled"])
def test_a_run_without_results_says_so(
    repository: Repository, github: FakeGitHub, conclusion: str
) -> None:
    github.pulls = [events.pull(HEAD)]
    ran = comment(repository, github, conclusion=conclusion)
    assert ran.exit_code == 0, ran.lines
    body = github.comments[0]["body"]
    assert f"The check did not pass: it ended with `{conclusion}`." in body
    assert f"**There are no results**: see the [log]({PAGE}/4711)." in body


def test_a_hostile_artefact_says_nothing_of_its_own(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    folder = tmp_path / "hostile"
    run = write_run(folder, [row("health-check"), row("baseline", SLOW)])
    evil = (
        "` @everyone [click](https://evil.example) <img src=x> ![x](https://evil.example/x) \n# hi"
    )
    spoil(run / "baseline" / "verdict.json", reasons=[evil])
    github.archives[RUN] = zipped(folder)
    ran = comment(repository, github, conclusion="failure")
    assert ran.exit_code == 0, ran.lines
    lines = [line for line in github.comments[0]["body"].splitlines() if "evil" in line]
    assert lines == [f"- `{evil.replace('`', chr(39)).replace(chr(10), '')}`"]


@pytest.mark.parametrize("event", ["schedule", "merge_group"])
def test_the_schedules_and_the_merge_queues_runs_are_not_commented_on(
    repository: Repository, github: FakeGitHub, event: str
) -> None:
    payload = events.finished(HEAD, event=event)
    ran = repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)
    assert ran.exit_code == 0, ran.lines
    assert github.asked == []


def test_an_api_that_says_no_is_one_line_and_exit_code_5(
    repository: Repository, github: FakeGitHub
) -> None:
    payload = events.finished(HEAD)
    payload["workflow_run"]["head_repository"] = events.repository("nobody/else")
    github.pulls = []
    ran = repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=f"{github.url}/not/there")
    assert ran.exit_code == 1
    assert "exit status 5" in ran.said("Comment")
    assert "with 404 NOT FOUND" in ran.said("Comment")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
