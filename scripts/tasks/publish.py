"""Results where reviewers look: `inv publish`."""

from invoke import Context, task

from scripts.tasks.command import command


@task(
    help={
        "run": "run id, latest, a run's folder, a folder of such, or workflow-run",
        "comment": "comment on the pull request, too",
    }
)
@command
def publish(_: Context, run: str, comment: bool = False) -> None:
    """Write the job summary of a run; elsewhere than on a runner, print it."""
    import os

    from scripts.publish.comment import Links
    from scripts.publish.comment import comment as comment_on
    from scripts.publish.fetch import Fetched, fetch
    from scripts.publish.github import GitHub
    from scripts.publish.runner import finished_run, repository, write_summary
    from scripts.publish.source import WORKFLOW_RUN, local_results
    from scripts.publish.summary import summary_of
    from scripts.settings.paths import Checkout
    from scripts.settings.scenarios import load_scenarios
    from scripts.terminal import show

    checkout, environment = Checkout.here(), os.environ
    known = load_scenarios(checkout).names
    temporary = environment.get("RUNNER_TEMP", "")

    def publish_summary(summary: str) -> None:
        if not write_summary(environment, summary):
            show(summary, end="")

    if run != WORKFLOW_RUN and not comment:
        publish_summary(summary_of(local_results(checkout.results, run, known)))
        return
    finished = finished_run(environment)
    github = GitHub.of_environment(environment, repository(environment))
    fetched = (
        fetch(github, finished, known, temporary)
        if run == WORKFLOW_RUN
        else Fetched(local_results(checkout.results, run, known), None)
    )
    publish_summary(summary_of(fetched.recorded))
    if comment:
        links = Links(environment.get("GITHUB_SERVER_URL", "https://github.com"), github.repository)
        show(comment_on(github, finished, fetched, links, known, temporary))
