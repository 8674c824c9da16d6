from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import responses

from cdc_perf.publish import baseline
from cdc_perf.publish.acceptances import Entry, entries_in
from cdc_perf.publish.baseline import BaselineComparison, compare
from cdc_perf.publish.comment import Findings, Links, render
from cdc_perf.publish.fetch import Artifact, Fetched
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.labels import Acceptance
from cdc_perf.publish.runner import Account, Repository, WorkflowRun
from cdc_perf.publish.status import State, Status
from cdc_perf.publish.sticky import MARKER
from cdc_perf.runs.loader import read_results
from cdc_perf.runs.row import Row
from cdc_perf.runs.run_set import RecordedScenario, RunSet
from tests.unit.recorded_runs import FAST, FEW, manifest, row, spoil, write_run

API = "https://api.example"
NAME = "octo/cdc-perf"
KNOWN = ("health-check", "baseline", "e2e-latency")
LINKS = Links("https://github.example", NAME)
ARTIFACT = Artifact(id=9, name="k6-results-1-1", size_in_bytes=1, expired=False)
NOTHING = RunSet((), ())


def workflow_run(
    number: int = 1, *, conclusion: str = "success", event: str = "schedule", of: str = NAME
) -> WorkflowRun:
    owner = Account(of.partition("/")[0])
    return WorkflowRun(number, 1, event, conclusion, "a" * 40, "main", Repository(of, owner))


def recorded(folder: Path, *rows: Row, **how: float) -> RunSet:
    for number, found in enumerate(rows):
        both = [row("health-check"), found]
        write_run(folder, both, number, manifest(both, number, **how))  # type: ignore[arg-type]
    return read_results(folder, KNOWN)


@pytest.fixture
def now(tmp_path: Path) -> dict[str, RecordedScenario]:
    return recorded(tmp_path / "now", row("baseline"), row("e2e-latency")).measured()


def compared(
    monkeypatch: pytest.MonkeyPatch,
    now: dict[str, RecordedScenario],
    *before: tuple[WorkflowRun, RunSet],
) -> BaselineComparison:
    """Compare with the results of workflow runs, the newest first."""
    left = {run.id: found for run, found in before}
    monkeypatch.setattr(baseline, "fetch", lambda _, run, *__: Fetched(left[run.id], ARTIFACT))
    runs = [
        {
            "id": run.id,
            "run_attempt": 1,
            "event": run.event,
            "conclusion": run.conclusion,
            "head_sha": run.head_sha,
            "head_branch": run.head_branch,
            "head_repository": {
                "full_name": run.head_repository.full_name,
                "owner": {"login": run.head_repository.owner.login},
            },
        }
        for run, _ in before
        if run.head_repository is not None
    ]
    with responses.RequestsMock() as mock:
        mock.get(
            f"{API}/repos/{NAME}/actions/workflows/performance-test.yml/runs",
            json={"workflow_runs": runs},
        )
        found = compare(GitHub(API, NAME, "sesame"), "main", now, KNOWN, "")
        assert "branch=main&status=completed" in str(mock.calls[0].request.url)
    return found


def test_the_newest_comparable_run_of_each_scenario_is_taken(
    monkeypatch: pytest.MonkeyPatch, now: dict[str, RecordedScenario], tmp_path: Path
) -> None:
    newest = recorded(tmp_path / "3", row("baseline", FAST), duration=30)
    middle = recorded(tmp_path / "2", row("baseline", FAST))
    oldest = recorded(tmp_path / "1", row("baseline"), row("e2e-latency", FAST))
    found = compared(
        monkeypatch,
        now,
        (workflow_run(3), newest),
        (workflow_run(2), middle),
        (workflow_run(1), oldest),
    )
    assert found.pairs["baseline"][0] == middle.measured()["baseline"]
    assert found.pairs["e2e-latency"][0] == oldest.measured()["e2e-latency"]
    assert (found.runs, found.missing) == ((2, 1), {})


def test_why_nothing_is_comparable_is_reported(
    monkeypatch: pytest.MonkeyPatch, now: dict[str, RecordedScenario], tmp_path: Path
) -> None:
    other = recorded(tmp_path / "1", row("baseline"), row("e2e-latency", FEW), duration=30)
    found = compared(monkeypatch, now, (workflow_run(1), other))
    assert found.pairs == {}
    assert found.missing == {
        "baseline": "its last run there is not comparable: different load",
        "e2e-latency": "its last run there has no usable measurement",
    }


def test_runs_that_are_not_the_branchs_own_are_left_aside(
    monkeypatch: pytest.MonkeyPatch, now: dict[str, RecordedScenario], tmp_path: Path
) -> None:
    poisoned = recorded(tmp_path / "1", row("baseline"), row("e2e-latency"))
    found = compared(
        monkeypatch,
        now,
        (workflow_run(4, event="pull_request"), poisoned),
        (workflow_run(3, event="pull_request", of="stranger/cdc-perf"), poisoned),
        (workflow_run(2, event="schedule", of="stranger/cdc-perf"), poisoned),
    )
    assert found.pairs == {}
    assert "none of the last 5 runs there has its results" in found.missing["baseline"]


def findings(
    state: State = State.SUCCESS,
    *,
    needed: bool = True,
    problems: tuple[str, ...] = (),
    influence: tuple[str, ...] = (),
    **ended: str,
) -> Findings:
    """Return what the default branch says; `Gate="failure"` is how a job ended."""
    jobs = {"Gate": "success", "Report": "success", **ended}
    return Findings(Status(state, "said"), problems, influence, jobs, needed)


def test_what_a_pull_request_says_of_itself_comes_after_the_required_status(
    tmp_path: Path,
) -> None:
    fetched = Fetched(recorded(tmp_path, row("baseline")), ARTIFACT)
    said = findings(State.FAILURE, problems=("- a problem",), influence=("- a change",))
    body = render(workflow_run(), fetched, said, LINKS, "not asked")
    places = [body.index(x) for x in ("**FAIL**", "- a problem", "- a change", "**PASS**")]
    assert places == sorted(places)
    assert "Cannot show changes: `not asked`" in body


def test_the_comparison_comes_first_and_what_was_accepted_is_kept(tmp_path: Path) -> None:
    fetched = Fetched(recorded(tmp_path, row("baseline")), ARTIFACT)
    at = datetime(2026, 11, 29, tzinfo=UTC)
    record = (Entry(Acceptance("d" * 40, 7, "alice", at), "p50 +11%: worse"),)
    said = replace(findings(State.FAILURE), comparison=("**p50 +20%: worse**", "a label"))
    body = render(workflow_run(), fetched, said, LINKS, "not asked", record)
    places = [
        body.index(x) for x in ("## Performance", "p50 +20%", "a label", "**FAIL**", "`alice`")
    ]
    assert places == sorted(places)
    assert entries_in(f"{MARKER}\n{body}") == record


def test_a_pass_without_thresholds_and_gates_is_not_shown_as_one(tmp_path: Path) -> None:
    both = [row("health-check"), row("baseline")]
    run = write_run(tmp_path, both)
    for empty in (("thresholds",), ("gates",), ("thresholds", "gates")):
        write_run(tmp_path, both)
        spoil(run / "baseline" / "verdict.json", **{name: [] for name in empty})
        fetched = Fetched(read_results(tmp_path, KNOWN), ARTIFACT)
        body = render(workflow_run(), fetched, findings(State.FAILURE), LINKS, "not asked")
        assert "**PASS**" not in body
        assert "| PASS" not in body


def test_links_lead_to_the_results_and_to_the_run(tmp_path: Path) -> None:
    fetched = Fetched(recorded(tmp_path, row("baseline")), ARTIFACT)
    body = render(workflow_run(), fetched, findings(), LINKS, "not asked")
    page = f"https://github.example/{NAME}/actions/runs/1"
    assert f"[Results and report]({page}/artifacts/9)" in body
    assert f"[Job summary, logs, and all artifacts]({page})" in body


@pytest.mark.parametrize(
    ("said", "fetched", "shown"),
    [
        (findings(needed=False), Fetched(NOTHING, None), "No scenario ran."),
        (
            findings(State.FAILURE, Gate="cancelled"),
            Fetched(NOTHING, None),
            "**No results**: see the [log](",
        ),
        (
            findings(State.FAILURE),
            Fetched(RunSet((), ("a `bad` zip",)), ARTIFACT),
            "- `a 'bad' zip`",
        ),
        (findings(State.FAILURE), Fetched(RunSet((), ("a `bad` zip",)), None), "**NO-DATA**"),
    ],
)
def test_without_results_the_comment_says_why(said: Findings, fetched: Fetched, shown: str) -> None:
    body = render(workflow_run(), fetched, said, LINKS, "nothing was measured")
    assert shown in body
    assert "### Changes" not in body
