"""The main job itself, run by act on the embedded stack: green, and with a tightened limit red."""

import json
import sys
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.ci.comparison import Compared
from cdc_perf.ci.emit import FOLDER
from cdc_perf.ci.judge_context import JudgeInputs
from cdc_perf.ci.problems import ProblemKind
from cdc_perf.ci.required_status import Rules, judge
from cdc_perf.ci.run import job_name
from cdc_perf.init.proposal import EmbeddedPostgres
from cdc_perf.runs.loader import read_attempts
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.tools.cache import Cache
from tests.integration.init.servers import source_server
from tests.workflow import events
from tests.workflow.act import OTHER, OTHER_PIPELINE, Ran, Repository
from tests.workflow.fake_github import FakeGitHub
from tests.workflow.shop import judge as judge_as_default_branch

FILE = "performance-test.yml"
# Enough samples for a p99 on a busy machine.
_DURATION = "30s"
_HEAD = "4" * 40
# Limits that hold on a busy machine too, and one that nothing keeps.
_GENEROUS = {
    "cdc_e2e_latency": {"p95": 20_000, "p99": 20_000},
    "cdc_success_rate": {"rate": 0.9},
}
RED = {ProblemKind.THRESHOLD, ProblemKind.VERDICT}
_WIDE = {name: {"p95": 20_000} for name in ("pg_write_duration", "mongo_read_duration")}
_TIGHT = {"cdc_e2e_latency": {"p95": 0.5}}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("limits", "result"), [(_GENEROUS, "success"), (_TIGHT, "failure")], ids=["green", "red"]
)
def test_the_real_job_from_the_plan_to_the_comment(
    repository: Repository, github: FakeGitHub, limits: dict[str, object], result: str
) -> None:
    # act has no Docker: another stack.
    caller = repository.path / FOLDER / FILE
    given = 'pipeline: ""\n'
    text = caller.read_text(encoding="utf-8")
    assert given in text
    caller.write_text(text.replace(given, f"{given}      stack: local\n"), encoding="utf-8")
    thresholds = Checkout.at(repository.path, {}).thresholds_file
    required = {"default": {"cdc_success_rate": {"rate": 0.9}}}
    table = {**required, "baseline": limits, "environments": {"ci": {}}}
    thresholds.write_text(json.dumps(table), encoding="utf-8")
    repository.commit("other limits")
    payload = events.dispatch("baseline", _DURATION)
    ran = repository.run(FILE, "workflow_dispatch", payload)
    assert ran.jobs["Run baseline"] == ran.jobs["Gate"] == result, ran.said("Run baseline")

    artifact = ran.store / "k6-results-4711-1"
    (run,) = (manifest.parent for manifest in artifact.glob("*/run.json"))
    assert (run / "baseline" / "points.json.gz").stat().st_size > 10_000
    assert json.loads((run / "run.json").read_bytes())["stack"] == "local"
    assert (ran.store / "logs-baseline-4711-1" / "kafka.log").is_file()

    broken = "cdc_e2e_latency p95 was "
    assert (broken in ran.said("Gate")) == (result == "failure")
    github.pulls = [events.pull(_HEAD)]
    found = problems(repository, artifact)
    # It was shorter than the default branch's, and so the gate `duration` does not hold.
    short = {ProblemKind.LOAD, ProblemKind.GATE}
    assert found == (short if result == "success" else {*RED, *short})

    github.keep(4711, artifact)
    assert _comment(repository, github, result).exit_code == 0
    body = github.comments[0]["body"]
    verdict = "PASS" if result == "success" else "FAIL"
    assert f"**{verdict}**: " in body
    assert (broken in body and "the threshold is 0.5 ms" in body) == (result == "failure")


def problems(repository: Repository, artifact: Path) -> set[ProblemKind]:
    """Return what the default branch's rules find wrong with the real results of baseline."""
    checkout = Checkout.at(repository.path, {})
    recorded = read_attempts(artifact, load_scenarios(checkout).names)
    found = judge(
        Rules.of(checkout, JudgeInputs()), recorded, {job_name("baseline"): "success"}, Compared()
    ).problems
    return {x.kind for x in found if x.subject == "baseline"}


def _comment(repository: Repository, github: FakeGitHub, conclusion: str) -> Ran:
    payload = events.finished(_HEAD, conclusion=conclusion)
    return repository.run(
        "performance-comment.yml", "workflow_run", payload, GITHUB_API_URL=github.url
    )


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_real_job_of_another_repository(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    pipeline = tmp_path / "pipeline"
    embedded = EmbeddedPostgres.install(Checkout.at(repository.path, {}), Cache.of_environment())
    with source_server(tmp_path, embedded.folder) as server:
        words = ("init", "--from", server.create("shop", "shop"), "--pipeline", pipeline)
        process.run([sys.executable, "-m", "invoke", *words], cwd=repository.path)
    shop = Repository.make_other(repository, pipeline)
    caller = shop.path / FOLDER / FILE
    given = f"pipeline: {OTHER_PIPELINE}\n"
    text = caller.read_text(encoding="utf-8")
    more = "".join(f"      {line}\n" for line in ("scenarios: baseline", "stack: local"))
    caller.write_text(text.replace(given, f"{given}{more}"), encoding="utf-8")
    assert shop.write_workflows().exit_code == 0
    # The load that the default branch requires: short, so that the test is.
    folder = shop.path / OTHER_PIPELINE
    short = {"baseline": {"options": {"duration": _DURATION}}}
    (folder / "scenarios.json").write_text(json.dumps(short), encoding="utf-8")
    limits = {"baseline": _GENEROUS, "environments": {"ci": {"baseline": _WIDE}}}
    (folder / "thresholds.json").write_text(json.dumps(limits), encoding="utf-8")
    shop.commit("a short load")

    head = shop.change("consumer/main.go")
    payload = events.pull_request(head, to=OTHER)
    ran = shop.run(FILE, "pull_request", payload, RECORDED_COMPARE="same")
    assert ran.jobs["Run baseline"] == ran.jobs["Gate"] == "success", ran.said("Run baseline")
    (manifest,) = (ran.store / "k6-results-4711-1").glob("*/run.json")
    found = json.loads(manifest.read_bytes())
    assert found["stack"] == "local"
    assert (ran.store / "logs-baseline-4711-1" / "kafka.log").is_file()

    judge_as_default_branch(shop, github, head, ran)
    assert github.status(head) == "success", github.statuses
    assert "**PASS**: " in github.comments[0]["body"]
