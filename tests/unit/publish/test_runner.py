import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cdc_perf.errors import PublishFailure, UsageFailure
from cdc_perf.publish.names import WORKFLOW_PATH
from cdc_perf.publish.pulls import pull_requests_of
from cdc_perf.publish.runner import (
    Commit,
    LabeledPullRequest,
    finished_run,
    repository,
    started_by,
    write_outputs,
    write_summary,
)
from cdc_perf.publish.summary import comparison_summary, local_results
from tests.unit.recorded_comparisons import comparison, write_comparison
from tests.unit.recorded_runs import row, run_id, write_run

KNOWN = ("health-check", "baseline")


def test_outputs_and_summaries_are_added_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before\n", encoding="utf-8")
    write_outputs({"GITHUB_OUTPUT": str(path)}, {"a": "1", "b": ""})
    assert write_summary({"GITHUB_STEP_SUMMARY": str(path)}, "text\n")
    assert path.read_text(encoding="utf-8") == "before\na=1\nb=\ntext\n\n"


def test_elsewhere_than_on_a_runner_outputs_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    write_outputs({}, {"a": "1"})
    assert capsys.readouterr().out == "a=1\n"
    assert not write_summary({}, "text")


def test_a_summary_is_cut_to_what_github_takes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_summary({"GITHUB_STEP_SUMMARY": str(path)}, "- `a reason`\n" * 200_000)
    text = path.read_text(encoding="utf-8")
    assert len(text) <= 900 * 1024 + 1
    assert "Too long to show in full" in text
    assert text.count("`") % 2 == 0


def test_a_summary_that_cannot_be_written_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(PublishFailure, match="cannot be written: Is a directory"):
        write_summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, "text")


@pytest.mark.parametrize("name", ["", "octo", "octo/cdc/perf", "octo/cdc perf", "../x/y"])
def test_what_is_no_repository_is_a_line(name: str) -> None:
    with pytest.raises(PublishFailure, match=r"^GITHUB_REPOSITORY has no repository name"):
        repository({"GITHUB_REPOSITORY": name})


def event(tmp_path: Path, content: object) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return {"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": str(path)}


def test_the_finished_run_is_read_from_the_event(tmp_path: Path) -> None:
    content = {
        "id": 5,
        "run_attempt": 2,
        "event": "pull_request",
        "conclusion": "success",
        "head_sha": "a" * 40,
        "head_branch": None,
        "head_repository": None,
        "path": ".github/workflows/performance-test.yml@refs/pull/7/merge",
        "more": "is left aside",
    }
    run = finished_run(event(tmp_path, {"workflow_run": content}))
    assert (run.id, run.run_attempt) == (5, 2)
    assert run.workflow_path == WORKFLOW_PATH
    # The fork is gone: nobody is asked, and nobody commented on.
    assert pull_requests_of(None, run) == ()  # type: ignore[arg-type]


def test_a_changed_label_starts_a_judgment_too(tmp_path: Path) -> None:
    content = {"action": "labeled", "pull_request": {"number": 7, "head": {"sha": "a" * 40}}}
    environment = {**event(tmp_path, content), "GITHUB_EVENT_NAME": "pull_request_target"}
    assert started_by(environment) == LabeledPullRequest(7, Commit("a" * 40))
    with pytest.raises(PublishFailure, match="GITHUB_EVENT_PATH cannot be read"):
        started_by({**event(tmp_path, {}), "GITHUB_EVENT_NAME": "pull_request_target"})
    with pytest.raises(PublishFailure, match="no such run ended"):
        started_by({**event(tmp_path, content), "GITHUB_EVENT_NAME": "pull_request"})


def test_a_comment_elsewhere_than_after_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishFailure, match="no such run ended"):
        finished_run({"GITHUB_EVENT_NAME": "push"})
    with pytest.raises(PublishFailure, match="GITHUB_EVENT_PATH cannot be read"):
        finished_run(event(tmp_path, {}))
    with pytest.raises(PublishFailure, match="GITHUB_EVENT_PATH cannot be read"):
        finished_run({"GITHUB_EVENT_NAME": "workflow_run"})


def test_a_run_is_named_by_its_id_as_the_latest_or_by_a_path(tmp_path: Path) -> None:
    run = write_run(tmp_path, [row("health-check"), row("baseline")])
    (tmp_path / "latest").symlink_to(run.name)
    for name in (run.name, "latest", str(run), str(tmp_path)):
        assert list(local_results(tmp_path, name, KNOWN).measured()) == ["baseline"], name


def test_a_run_that_there_is_not_is_answered_with_the_nearest(tmp_path: Path) -> None:
    write_run(tmp_path, [row("health-check")], 3)
    with pytest.raises(
        UsageFailure, match=f"is neither a run nor a folder; did you mean {run_id(3)}"
    ):
        local_results(tmp_path, run_id(4), KNOWN)
    with pytest.raises(UsageFailure, match="none exist"):
        local_results(tmp_path / "none", "latest", KNOWN)


def test_the_comparison_comes_first_in_the_summary(tmp_path: Path) -> None:
    assert comparison_summary(tmp_path) == ""
    write_comparison(tmp_path / "comparisons", comparison(1.2))
    older = replace(comparison(0.8), comparison_id="20261128T100000Z-00c0")
    write_comparison(tmp_path / "comparisons", older)
    text = comparison_summary(tmp_path)
    assert "worse" in text
    assert text.endswith("\n\n")


@pytest.mark.parametrize("content", [b"{", b" " * 2_000_001])
def test_a_comparison_that_cannot_be_read_does_not_hide_the_results(
    tmp_path: Path, content: bytes
) -> None:
    folder = write_comparison(tmp_path / "comparisons", comparison())
    (folder / "comparison.json").write_bytes(content)
    assert "cannot be read" in comparison_summary(tmp_path)
