"""The comparison of a pull request with its base, as act runs it: measured, judged, accepted."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from cdc_perf.publish.labels import LABEL
from cdc_perf.results.comparison import Comparison
from cdc_perf.settings.paths import Checkout
from tests.unit.recorded_comparisons import FEW, ID, comparison, without_valid_slices
from tests.unit.recorded_runs import write_complete_run
from tests.workflow import events
from tests.workflow.act import FORK, REPOSITORY, Ran, Repository
from tests.workflow.comparisons import (
    FIRST_PARENT,
    MERGE,
    asked,
    forget_comparison,
    keep_comparison,
)
from tests.workflow.fake_github import FakeGitHub, jobs

TEST, COMMENT = "performance-test.yml", "performance-comment.yml"
HEAD = "4" * 40
RUN = 4711
WORSE, SAME, BETTER = comparison(1.2), comparison(), comparison(0.8)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# --- performance-test.yml


def test_the_merge_is_compared_with_its_first_parent_and_everything_is_kept(
    repository: Repository,
) -> None:
    head = repository.change("src/cdc_consumer/sink.py", meanwhile="src/of_others.py")
    event = events.pull_request(head)
    ran = repository.run(TEST, "pull_request", event, RECORDED_PERF="{}")
    assert ran.exit_code == 0, ran.lines
    # What others merged is on both sides: the event's base is older than the first parent.
    assert asked(ran) == {
        "compare": "compare",
        "base": repository.commit_of("HEAD^1"),
        "head": repository.commit_of("HEAD"),
        "minutes": 12.0,
    }
    assert event["pull_request"]["base"]["sha"] != repository.commit_of("HEAD^1")
    kept, logs = "k6-comparison-4711-1", "logs-compare-4711-1"
    assert files(ran.store / kept) == {f"{ID}/comparison.json", f"{ID}/report.html"}
    assert files(ran.store / logs) == {f"{ID}/logs/base-up.log"}
    assert [ran.retention_days(name) for name in (kept, logs)] == [30, 7]
    # First the comparison, then the scenarios.
    places = [ran.summary.index(x) for x in ("**same**", "| p50 ", "**PASS**", "| baseline ")]
    assert places == sorted(places)
    assert ran.summary.startswith("**same**")


def test_a_comparison_that_cannot_begin_leaves_the_scenarios_their_summary(
    repository: Repository,
) -> None:
    head = repository.change("src/cdc_consumer/sink.py")
    payload = events.pull_request(head)
    ran = repository.run(
        TEST, "pull_request", payload, RECORDED_PERF="{}", RECORDED_COMPARE="broken"
    )
    assert ran.jobs["Compare"] == "failure"
    assert ran.jobs["Report"] == "success"
    assert ran.summary.startswith("**PASS**")
    assert "k6-comparison-4711-1" not in ran.artifacts


@pytest.mark.parametrize("minutes", [0, 20])
def test_a_variable_sets_the_minutes_or_turns_the_job_off(
    repository: Repository, minutes: int
) -> None:
    payload = events.pull_request(repository.change("src/cdc_consumer/sink.py"))
    settings = {"COMPARE_MINUTES": str(minutes)}
    ran = repository.run(TEST, "pull_request", payload, settings=settings, RECORDED_PERF="{}")
    assert ran.exit_code == 0, ran.lines
    assert ("Compare" in ran.jobs) == bool(minutes)
    assert ("k6-comparison-4711-1" in ran.artifacts) == bool(minutes)
    if minutes:
        assert asked(ran)["minutes"] == minutes
        assert "at most 50 minutes" in ran.said("Plan")


def test_a_variable_without_a_possible_value_ends_in_the_plan(repository: Repository) -> None:
    head = repository.change("src/cdc_consumer/sink.py")
    payload = events.pull_request(head)
    settings = {"COMPARE_MINUTES": '12"; touch pwned; "'}
    ran = repository.run(TEST, "pull_request", payload, settings=settings, RECORDED_PERF="{}")
    assert ran.jobs["Plan"] == ran.jobs["Gate"] == "failure"
    assert "minutes: '12" in ran.said("Plan")
    assert not list(repository.path.parent.rglob("pwned"))


# --- performance-comment.yml


@pytest.fixture
def measured(github: FakeGitHub, tmp_path: Path) -> FakeGitHub:
    """A pull request whose scenarios all pass; its comparison is not there yet."""
    for number, name in enumerate(("baseline", "e2e-latency")):
        write_complete_run(tmp_path / "scenarios", Checkout.here(), name, number)
    github.keep(RUN, tmp_path / "scenarios")
    github.pulls = [events.pull(HEAD)]
    github.runs = [events.run(HEAD)]
    return github


def keep(github: FakeGitHub, folder: Path, found: Comparison, ended: str = "success") -> None:
    keep_comparison(github, folder, found, HEAD)
    others = dict.fromkeys(("Run_baseline", "Run_e2e-latency", "Report", "Gate"), "success")
    github.jobs[RUN] = jobs(1, **others, Compare=ended)


def judge(
    repository: Repository,
    github: FakeGitHub,
    *,
    of: str = REPOSITORY,
    settings: Mapping[str, str] | None = None,
) -> Ran:
    payload = events.finished(HEAD, of=of, title="Pull request #7")
    ran = repository.run(
        COMMENT, "workflow_run", payload, settings=settings or {}, GITHUB_API_URL=github.url
    )
    assert ran.exit_code == 0, ran.lines
    return ran


def label(github: FakeGitHub, *, at: str = events.AFTER, of: str = REPOSITORY) -> None:
    """Let the pull request have the label."""
    github.pulls = [events.pull(HEAD, of=of, labels=("bug", LABEL))]
    github.history[events.NUMBER] = [events.labeled(at)]


def label_event(
    repository: Repository, github: FakeGitHub, *, name: str = LABEL, **how: str
) -> Ran:
    payload = events.label(HEAD, name, **how)
    ran = repository.run(COMMENT, "pull_request_target", payload, GITHUB_API_URL=github.url)
    assert ran.exit_code == 0, ran.lines
    return ran


def description(github: FakeGitHub) -> str:
    return str(github.statuses[HEAD][-1]["description"])


@pytest.mark.parametrize(
    ("found", "ended", "answer", "status"),
    [
        (WORSE, "failure", "worse", "failure"),
        (BETTER, "success", "better", "success"),
        (SAME, "success", "same", "success"),
        (comparison(starts=FEW), "success", "inconclusive", "success"),
    ],
    ids=["worse", "better", "same", "inconclusive"],
)
def test_the_answer_comes_first_in_the_comment_and_only_worse_fails_the_status(
    repository: Repository,
    measured: FakeGitHub,
    tmp_path: Path,
    found: Comparison,
    ended: str,
    answer: str,
    status: str,
) -> None:
    keep(measured, tmp_path / "found", found, ended)
    judge(repository, measured)
    assert measured.status(HEAD) == status
    assert description(measured).startswith(
        f"comparison: {answer}; " if status == "success" else "comparison: p50 +20% "
    )
    body = measured.comments[0]["body"]
    first = body.partition("## Performance\n\n")[2]
    assert first.startswith(f"**{answer}**: ")
    words = (
        "| p50 ",
        f"`base ({FIRST_PARENT[:12]})`",
        f"`merge ({MERGE[:12]})`",
        "required status",
    )
    places = [first.index(word) for word in words]
    assert places == sorted(places)
    assert (LABEL in body) == (status == "failure")


def test_the_label_makes_the_same_green_and_is_kept_when_it_is_gone(
    repository: Repository, measured: FakeGitHub, tmp_path: Path
) -> None:
    keep(measured, tmp_path / "found", WORSE, "failure")
    judge(repository, measured)
    assert measured.status(HEAD) == "failure"

    label(measured)
    ran = label_event(repository, measured)
    assert measured.status(HEAD) == "success"
    assert description(measured).startswith(f"comparison: worse, accepted by alice ({LABEL}); ")
    body = measured.comments[0]["body"]
    assert "**worse**: p50 +20%" in body
    assert f"**Accepted** by `alice` on 2026-11-29 11:00 UTC with the label `{LABEL}`" in body
    # Judged again, and nothing else: no scenario and no comparison ran.
    assert set(ran.jobs) == {"Judge"}

    measured.pulls = [events.pull(HEAD)]
    label_event(repository, measured, action="unlabeled")
    assert measured.status(HEAD) == "failure"
    body = measured.comments[0]["body"]
    assert "To accept this for commit" in body
    record = body.partition("### Accepted changes\n\n")[2].split("\n")[0]
    assert record.startswith(f"- commit `{HEAD[:12]}`: `p50 +20% ")
    assert "accepted by `alice` on 2026-11-29 11:00 UTC" in record
    assert [x["state"] for x in measured.statuses[HEAD]] == ["failure", "success", "failure"]
    assert len(measured.comments) == 1


def test_a_fork_can_be_accepted_too(
    repository: Repository, measured: FakeGitHub, tmp_path: Path
) -> None:
    keep(measured, tmp_path / "found", WORSE, "failure")
    measured.runs = [events.run(HEAD, of=FORK)]
    measured.pulls = [events.pull(HEAD, of=FORK)]
    judge(repository, measured, of=FORK)
    assert measured.status(HEAD) == "failure"
    label(measured, of=FORK)
    label_event(repository, measured, of=FORK)
    assert measured.status(HEAD) == "success"


def test_a_label_from_before_the_push_does_not_count(
    repository: Repository, measured: FakeGitHub, tmp_path: Path
) -> None:
    keep(measured, tmp_path / "found", WORSE, "failure")
    label(measured, at=events.BEFORE)
    judge(repository, measured)
    assert measured.status(HEAD) == "failure"
    body = measured.comments[0]["body"]
    assert f"The label `{LABEL}` does not count for commit" in body
    assert "### Accepted changes" not in body


def test_another_label_judges_nothing(repository: Repository, measured: FakeGitHub) -> None:
    ran = label_event(repository, measured, name="bug")
    assert set(ran.jobs) <= {"Judge"}
    assert measured.asked == []


def test_a_label_while_the_run_goes_on_waits_for_its_end(
    repository: Repository, measured: FakeGitHub
) -> None:
    measured.runs = [{**events.run(HEAD), "conclusion": None}]
    label(measured)
    ran = label_event(repository, measured)
    assert "it is judged when it ends" in ran.said("Judge")
    assert measured.changes() == []


def test_the_label_accepts_that_there_is_no_answer(
    repository: Repository, measured: FakeGitHub, tmp_path: Path
) -> None:
    keep(measured, tmp_path / "found", SAME, "failure")
    forget_comparison(measured)
    judge(repository, measured)
    assert description(measured) == "comparison: it has no results (and 1 more)"
    assert "**No comparison**: it has no results." in measured.comments[0]["body"]
    label(measured)
    judge(repository, measured)
    assert measured.status(HEAD) == "success"


def test_the_comparison_of_other_commits_is_an_error_and_no_label_helps(
    repository: Repository, measured: FakeGitHub, tmp_path: Path
) -> None:
    keep(measured, tmp_path / "found", SAME)
    # Its second parent is not the head of the pull request.
    measured.parents[MERGE] = (FIRST_PARENT, "6" * 40)
    label(measured)
    judge(repository, measured)
    assert measured.status(HEAD) == "error"
    assert "**same**" not in measured.comments[0]["body"]


def test_a_comparison_that_is_turned_off_is_not_missed(
    repository: Repository, measured: FakeGitHub
) -> None:
    judge(repository, measured, settings={"COMPARE_MINUTES": "0"})
    assert measured.status(HEAD) == "success"
    assert "omparison" not in description(measured)


@pytest.mark.parametrize("labeled", [(), (7,)], ids=["no label", "a label"])
def test_a_merge_group_is_accepted_by_the_label_of_one_of_its_pull_requests(
    repository: Repository, measured: FakeGitHub, tmp_path: Path, labeled: tuple[int, ...]
) -> None:
    # The group of #8, with #7 before it; #9 waits behind it and is not a part of it.
    heads = {7: "7" * 40, 8: "8" * 40, 9: "9" * 40}
    first = "1" * 40
    queue = f"gh-readonly-queue/main/pr-8-{events.BASE}"
    measured.queue = {
        f"gh-readonly-queue/main/pr-7-{events.BASE}": first,
        queue: HEAD,
    }
    measured.pulls = [
        events.pull(head, number=number, labels=(LABEL,) if number in (*labeled, 9) else ())
        for number, head in heads.items()
    ]
    measured.runs = [events.run(head) for head in heads.values()]
    measured.history = {number: [events.labeled(events.AFTER)] for number in heads}
    keep_comparison(measured, tmp_path / "found", WORSE, "", base=events.BASE, merge=HEAD)
    measured.jobs[RUN] = jobs(
        1, Run_baseline="success", **{"Run_e2e-latency": "success"}, Compare="failure"
    )
    payload = events.finished(HEAD, event="merge_group", branch=queue)
    ran = repository.run(COMMENT, "workflow_run", payload, GITHUB_API_URL=measured.url)
    assert ran.exit_code == 0, ran.lines
    assert measured.status(HEAD) == ("success" if labeled else "failure")
    assert measured.comments == []


def test_a_forks_numbers_are_shown_and_not_its_words(
    repository: Repository, measured: FakeGitHub, tmp_path: Path
) -> None:
    evil = "@everyone [click](https://evil.example) <img src=x>"
    spoilt = without_valid_slices(WORSE, evil)
    found = replace(
        WORSE,
        starts=(*WORSE.starts, *spoilt.starts, replace(WORSE.starts[0], fault=evil)),
        workload=evil,
        pipeline=evil,
    )
    keep(measured, tmp_path / "found", found, "failure")
    judge(repository, measured, of=REPOSITORY)
    body = measured.comments[0]["body"]
    assert "**worse**: p50 +20%" in body
    assert "evil" not in body
    assert "evil" not in description(measured)


def test_from_the_measurement_to_the_red_status_and_to_the_green_one(
    repository: Repository, github: FakeGitHub
) -> None:
    head = repository.change("src/cdc_consumer/sink.py")
    merge, base = repository.commit_of("HEAD"), repository.commit_of("HEAD^1")
    ran = repository.run(
        *(TEST, "pull_request", events.pull_request(head)),
        RECORDED_PERF="{}",
        RECORDED_COMPARE="worse",
    )
    assert ran.jobs["Compare"] == "failure"
    assert ran.jobs["Report"] == ran.jobs["Gate"] == "success"
    assert "compare: failure: the required status decides" in ran.said("Gate")
    assert ran.summary.startswith("**worse**")
    repository.back_to_main()
    github.keep(RUN, ran.store / "k6-results-4711-1")
    github.keep_comparison(RUN, ran.store / "k6-comparison-4711-1")
    github.parents = {merge: (base, head)}
    github.pulls, github.runs = [events.pull(head)], [events.run(head)]
    ended = {name.replace(" ", "_", 1): result for name, result in ran.jobs.items()}
    github.jobs[RUN] = jobs(1, **ended)
    payload = events.finished(head, title="Pull request #7")
    repository.run(COMMENT, "workflow_run", payload, GITHUB_API_URL=github.url)
    assert github.status(head) == "failure"
    assert "**worse**: " in github.comments[0]["body"]

    github.pulls = [events.pull(head, labels=(LABEL,))]
    github.history[events.NUMBER] = [events.labeled(events.AFTER)]
    repository.run(
        COMMENT, "pull_request_target", events.label(head, LABEL), GITHUB_API_URL=github.url
    )
    assert github.status(head) == "success"
    assert LABEL in github.statuses[head][-1]["description"]
