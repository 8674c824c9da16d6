"""A pull request in the repository of others, from the measurement to the judgment."""

import json

from tests.workflow import events
from tests.workflow.act import OTHER, RUN_ID, Ran, Repository
from tests.workflow.fake_github import FakeGitHub, jobs

TEST, COMMENT = "performance-test.yml", "performance-comment.yml"
RUN = int(RUN_ID)


def measure(
    shop: Repository, head: str, *, of: str = OTHER, compared: str = "same", **outcomes: str
) -> Ran:
    """Run the pull request's workflow; a scenario without an outcome passes."""
    return shop.run(
        *(TEST, "pull_request", events.pull_request(head, of=of, to=OTHER)),
        RECORDED_PERF=json.dumps(outcomes),
        RECORDED_COMPARE=compared,
    )


def judge(shop: Repository, github: FakeGitHub, head: str, ran: Ran, *, of: str = OTHER) -> Ran:
    """Judge a run of a pull request as the default branch does."""
    merge, base = shop.commit_of("HEAD"), shop.commit_of("HEAD^1")
    shop.back_to_main()
    github.repository = OTHER
    github.keep(RUN, ran.store / f"k6-results-{RUN_ID}-1")
    github.keep_comparison(RUN, ran.store / f"k6-comparison-{RUN_ID}-1")
    github.parents = {merge: (base, head)}
    github.changed = shop.changed_files()
    github.pulls, github.runs = [events.pull(head, of=of)], [events.run(head, of=of)]
    github.jobs[RUN] = jobs(1, **{name.replace(" ", "_", 1): x for name, x in ran.jobs.items()})
    payload = events.finished(head, of=of, title="Pull request #7", to=OTHER)
    return shop.run(COMMENT, "workflow_run", payload, GITHUB_API_URL=github.url)
