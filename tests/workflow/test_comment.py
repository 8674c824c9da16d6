"""performance-comment.yml as act runs it, against a GitHub over real HTTP."""

import bz2
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cdc_perf.publish.names import BOT
from cdc_perf.publish.sticky import MARKER
from cdc_perf.report.version_comparison import comparison_markdown
from cdc_perf.results.comparison import Comparison, Version
from cdc_perf.runs.row import Row
from cdc_perf.settings.paths import Checkout
from cdc_perf.verdict.comparison import judge_comparison
from tests.unit.recorded_comparisons import comparison
from tests.unit.recorded_runs import FAST, SLOW, row, run_id, spoil, write_complete_run, write_run
from tests.workflow import events
from tests.workflow.act import FORK, REPOSITORY, Ran, Repository
from tests.workflow.comparisons import FIRST_PARENT, MERGE, keep_comparison
from tests.workflow.fake_github import Artifact, FakeGitHub, jobs

FILE = "performance-comment.yml"
HEAD = "4" * 40
RUN = 4711
BEFORE = 4600
PAGE = f"https://github.com/{REPOSITORY}/actions/runs"
USUAL = ("baseline", "e2e-latency")


def judge(
    repository: Repository,
    github: FakeGitHub,
    *,
    of: str = REPOSITORY,
    conclusion: str = "success",
    attempt: int = 1,
    path: str = events.PATH,
) -> Ran:
    payload = events.finished(HEAD, of=of, conclusion=conclusion, attempt=attempt, path=path)
    return repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)


def complete(folder: Path, **metrics: object) -> Path:
    """Write the runs of the usual scenarios as the default branch has them."""
    for number, name in enumerate(USUAL):
        write_complete_run(folder, Checkout.here(), name, number, **metrics)  # type: ignore[arg-type]
    return folder


def results(folder: Path, *rows: Row) -> Path:
    """Write runs whose load and thresholds are not those of the default branch."""
    for number, found in enumerate(rows):
        write_run(folder, [row("health-check"), found], number)
    return folder


def forget_scenarios(github: FakeGitHub) -> None:
    github.artifacts = [x for x in github.artifacts if x.name.startswith("k6-comparison")]


def shown(found: Comparison) -> str:
    """Return what the comment shows of a comparison."""
    base, head = Version(name="base", commit=FIRST_PARENT), Version(name="merge", commit=MERGE)
    named = replace(found, base=base, head=head)
    return comparison_markdown(named, judge_comparison(named)).rstrip("\n")


def comment_posts(github: FakeGitHub) -> list[str]:
    return [x for x in github.changes() if "/statuses/" not in x]


@pytest.fixture(autouse=True)
def compared(github: FakeGitHub, tmp_path: Path) -> None:
    """Let the run have compared its two versions, without a difference."""
    keep_comparison(github, tmp_path / "compared", comparison(), HEAD)


@pytest.mark.parametrize("of", [REPOSITORY, FORK], ids=["same repository", "fork"])
def test_the_status_is_set_and_the_comment_is_made_once_and_then_edited(
    repository: Repository, github: FakeGitHub, tmp_path: Path, of: str
) -> None:
    github.pulls = [events.pull(HEAD, of=of)]
    # Anybody can write the marker: a comment is ours by its author.
    github.comments = [{"id": 1, "user": {"login": "stranger"}, "body": f"{MARKER} mine"}]
    github.keep(RUN, complete(tmp_path / "first"))
    ran = judge(repository, github, of=of)
    assert ran.exit_code == 0, ran.lines
    assert github.status(HEAD) == "success"
    # First the status: nothing that goes wrong with a comment keeps it back.
    assert github.changes() == [f"POST /statuses/{HEAD}", "POST /issues/7/comments"]

    forget_scenarios(github)
    write_complete_run(tmp_path / "second", Checkout.here(), "baseline", 0, SLOW)
    write_complete_run(tmp_path / "second", Checkout.here(), "e2e-latency", 1)
    github.keep(RUN, tmp_path / "second")
    ran = judge(repository, github, of=of, conclusion="failure")
    assert ran.exit_code == 0, ran.lines
    assert github.status(HEAD) == "failure"
    assert comment_posts(github)[1:] == ["PATCH /issues/comments/2"]

    theirs, ours = github.comments
    assert theirs["body"] == f"{MARKER} mine"
    assert ours["user"]["login"] == BOT
    assert ours["body"] == (
        f"""{MARKER}
## Performance

{shown(comparison())}

[Report of the comparison]({PAGE}/4711/artifacts/1)

**FAIL**: required status `cdc-perf/performance`: baseline: cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms (and 1 more).

- baseline: cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms
- baseline: its own verdict is FAIL: `cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms`

### Results from this pull request's own code

Job Gate ended with `success`.

**FAIL**: a threshold or a gate of the pipeline is broken.

| scenario    | verdict   |   iterations |   rate/s |    e2e p50/p95/p99 ms |   samples |   errors |   dropped |   thresholds |
|-------------|-----------|--------------|----------|-----------------------|-----------|----------|-----------|--------------|
| baseline    | FAIL      |          600 |     10.0 | 1,200 / 2,310 / 4,100 |       540 |        0 |         0 |          4/5 |
| e2e-latency | PASS      |        3,000 |     10.0 |      36.4 / 51.2 / 73 |       540 |        0 |         0 |          4/4 |

- baseline: no data lost: `600 rows, 600 documents; 602 events, 600 acknowledged writes`
- e2e-latency: no data lost: `600 rows, 600 documents; 602 events, 600 acknowledged writes`

baseline: **FAIL**

- `cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms`

- run `20261124T020000Z-0000`, stack `local`, thresholds of `ci`, commit `cccccccccccc`, `a processor`, 4 cores
- run `20261124T020100Z-0001`, stack `local`, thresholds of `ci`, commit `cccccccccccc`, `a processor`, 4 cores
- `MongoDB figures are those of a stand-in`

### Changes since the base branch's last comparable run

- baseline: no baseline run: none of the last 5 runs there has its results
- e2e-latency: no baseline run: none of the last 5 runs there has its results

[Results and report]({PAGE}/4711/artifacts/4) · [Job summary, logs, and all artifacts]({PAGE}/4711) · commit `444444444444`
"""  # noqa: E501 - as it is written
    )
    (status,) = [x for x in github.statuses[HEAD] if x["state"] == "failure"]
    assert status["target_url"] == f"{PAGE}/4711"


def test_a_loosened_threshold_passes_its_own_gate_and_fails_the_status(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    table = json.loads((repository.path / "k6" / "thresholds.json").read_bytes())
    table["baseline"]["cdc_e2e_latency"]["p95"] = 90_000
    loosened = json.dumps(table).encode()
    head = repository.change("k6/thresholds.json", content=loosened)
    merge, base = repository.commit_of("HEAD"), repository.commit_of("HEAD^1")
    ran = repository.run(
        *("performance-test.yml", "pull_request", events.pull_request(head)),
        RECORDED_PERF='{"baseline": "fail"}',
    )
    assert ran.exit_code == 0, ran.lines
    assert ran.jobs["Gate"] == "success"

    repository.back_to_main()
    keep_comparison(github, tmp_path / "own", comparison(), head, base=base, merge=merge)
    github.pulls = [events.pull(head)]
    github.changed = ["k6/thresholds.json"]
    github.contents = {"k6/thresholds.json": loosened}
    github.keep(RUN, ran.store / "k6-results-4711-1")
    payload = events.finished(head)
    ran = repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)
    assert ran.exit_code == 0, ran.lines
    assert github.status(head) == "failure"
    body = github.comments[0]["body"]
    changes = [cells(x) for x in body.splitlines() if "90,000" in x and x.startswith("|")]
    assert changes == [
        ["`baseline`", "`cdc_e2e_latency p95`", "`<= 2,000 ms`", "`<= 90,000 ms`", "looser"]
    ]


def test_a_tightened_threshold_that_holds_fails_neither(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    table = json.loads((repository.path / "k6" / "thresholds.json").read_bytes())
    table["baseline"]["cdc_e2e_latency"]["p95"] = 1_000
    github.changed = ["k6/thresholds.json"]
    github.contents = {"k6/thresholds.json": json.dumps(table).encode()}
    github.keep(RUN, complete(tmp_path / "now"))
    assert judge(repository, github).exit_code == 0
    assert github.status(HEAD) == "success"
    assert "| tighter" in github.comments[0]["body"]


def test_the_gate_alone_run_again_changes_nothing(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.keep(RUN, complete(tmp_path / "now"))
    assert judge(repository, github).exit_code == 0
    first = github.comments[0]["body"]
    # The second attempt leaves no artifact, and of its jobs only the gate is its own.
    everything = dict.fromkeys(("Run_baseline", "Run_e2e-latency", "Compare", "Report"), "success")
    github.jobs[RUN] = [*jobs(1, **everything, Gate="failure"), *jobs(2, Gate="success")]
    assert judge(repository, github, attempt=2).exit_code == 0
    assert github.status(HEAD) == "success"
    assert github.comments[0]["body"] == first


def test_a_scenario_that_failed_in_the_last_attempt_is_red_whatever_the_first_left(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.keep(RUN, complete(tmp_path / "now"))
    everything = dict.fromkeys(("Run_baseline", "Run_e2e-latency", "Compare", "Report"), "success")
    github.jobs[RUN] = [*jobs(1, **everything), *jobs(2, Run_baseline="failure")]
    assert judge(repository, github, attempt=2).exit_code == 0
    assert github.status(HEAD) == "failure"


def test_a_failed_report_with_a_green_gate_does_not_fail_the_status(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.keep(RUN, complete(tmp_path / "now"), report=False)
    everything = dict.fromkeys(("Run_baseline", "Run_e2e-latency", "Compare", "Gate"), "success")
    github.jobs[RUN] = jobs(1, **everything, Report="failure")
    assert judge(repository, github, conclusion="failure").exit_code == 0
    assert github.status(HEAD) == "success"
    body = github.comments[0]["body"]
    assert "Gate ended with `success`" in body
    assert "Report ended with `failure`" in body
    assert "| baseline    | PASS" in body


@pytest.mark.parametrize(
    "path", [".github/workflows/second.yml", ".github/workflows/second.yml@refs/pull/7/merge", ""]
)
def test_a_second_workflow_of_the_same_name_changes_nothing(
    repository: Repository, github: FakeGitHub, tmp_path: Path, path: str
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.keep(RUN, complete(tmp_path / "now"))
    ran = judge(repository, github, path=path)
    assert ran.exit_code == 0, ran.lines
    assert ran.jobs["Judge"] == "success"
    assert github.asked == []


def with_bad_bzip2(entry: zipfile.ZipInfo) -> bytes:
    entry.compress_type = zipfile.ZIP_BZIP2
    return bz2.compress(b"{}" * 1000)[:20] + bytes(40)


def with_bad_lzma(entry: zipfile.ZipInfo) -> bytes:
    entry.compress_type = zipfile.ZIP_LZMA
    return b"\x09\x04\x05\x00" + b"\xff" * 40


def with_a_name_that_is_not_utf_8(entry: zipfile.ZipInfo) -> bytes:
    return entry.filename.encode()


@pytest.mark.parametrize("spoilt", [with_bad_bzip2, with_bad_lzma, with_a_name_that_is_not_utf_8])
def test_an_archive_that_cannot_be_read_is_a_red_status_and_said(
    repository: Repository,
    github: FakeGitHub,
    tmp_path: Path,
    spoilt: Callable[[zipfile.ZipInfo], bytes],
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.comments = [{"id": 1, "user": {"login": BOT}, "body": f"{MARKER} the old one"}]
    github.keep(RUN, complete(tmp_path / "now"))
    good = github.artifacts[1]
    github.artifacts[1] = Artifact(RUN, good.name, archive(spoilt))
    ran = judge(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.status(HEAD) == "failure"
    body = github.comments[0]["body"]
    assert "the old one" not in body
    assert f"`{good.name}: " in body


def archive(spoilt: Callable[[zipfile.ZipInfo], bytes]) -> bytes:
    """Return an archive of a run.json of which something is not what its header says."""
    stream = io.BytesIO()
    entry = zipfile.ZipInfo(f"{run_id()}/run.json")
    content = spoilt(entry)
    method, entry.compress_type = entry.compress_type, zipfile.ZIP_STORED
    if spoilt is with_a_name_that_is_not_utf_8:
        entry.filename += "é"
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr(entry, content)
    written = bytearray(stream.getvalue())
    for header, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = written.index(header) + offset
        written[at : at + 2] = method.to_bytes(2, "little")
    return bytes(written).replace("é".encode(), b"\xff\xfe")


def test_a_merge_group_gets_its_status_and_no_comment(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.keep(RUN, complete(tmp_path / "now"))
    queued = {"base": events.BASE, "merge": HEAD}
    keep_comparison(github, tmp_path / "queued", comparison(), "", **queued)
    branch = f"gh-readonly-queue/main/pr-7-{events.BASE}"
    payload = events.finished(HEAD, event="merge_group", branch=branch)
    ran = repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)
    assert ran.exit_code == 0, ran.lines
    assert github.status(HEAD) == "success"
    assert github.comments == []


def test_changes_are_shown_against_the_base_branchs_last_comparable_run(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.keep(RUN, results(tmp_path / "now", row("baseline")))
    github.keep(BEFORE, results(tmp_path / "before", row("baseline", FAST)))
    # What a fork's branch called main left is not the base branch's.
    github.keep(BEFORE + 1, results(tmp_path / "stranger", row("baseline", SLOW)))
    github.runs = [
        events.run("5" * 40, number=BEFORE + 1, branch="main", of=FORK),
        events.run("5" * 40, number=BEFORE, branch="main", event="schedule"),
    ]
    ran = judge(repository, github)
    assert ran.exit_code == 0, ran.lines
    changes = github.comments[0]["body"].partition("### Changes")[2]
    assert [cells(line) for line in changes.splitlines() if line.startswith("| baseline")] == [
        ["baseline", "e2e p50, ms", "30", "600", "36.4", "540", "+21.3%"],
        ["baseline", "e2e p95, ms", "40", "600", "51.2", "540", "+28.0%"],
        ["baseline", "e2e p99, ms", "60", "600", "73", "540", "+21.7%"],
        ["baseline", "iterations/s", "10", "600", "10", "600", "none"],
        ["baseline", "errors", "0", "600", "0", "600", "none"],
    ]
    assert (
        f"One run compared with one run of [4600]({PAGE}/4600). A difference can be noise."
        in changes
    )
    assert f"GET /actions/runs/{BEFORE + 1}/artifacts" not in github.asked


def test_two_pull_requests_with_one_head_have_a_comment_each(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD), events.pull(HEAD, number=8, base="release")]
    for number, found in ((8, row("baseline", SLOW)), (7, row("baseline"))):
        forget_scenarios(github)
        github.keep(RUN, results(tmp_path / str(number), found))
        payload = events.finished(HEAD, title=f"Pull request #{number}")
        ran = repository.run(FILE, "workflow_run", payload, GITHUB_API_URL=github.url)
        assert ran.exit_code == 0, ran.lines
    assert comment_posts(github) == ["POST /issues/8/comments", "POST /issues/7/comments"]
    slow, good = (x["body"] for x in github.comments)
    assert "baseline: **FAIL**" in slow
    assert "baseline: **FAIL**" not in good


def test_a_run_that_does_not_say_which_of_two_it_was_for_comments_on_neither(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull(HEAD), events.pull(HEAD, number=8, base="release")]
    ran = judge(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.changes() == [f"POST /statuses/{HEAD}"]


def test_a_newer_push_gets_its_comment_from_its_own_run(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull("6" * 40)]
    ran = judge(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.changes() == []


def test_a_pull_request_that_moves_nothing_gets_no_comment_of_its_own(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull(HEAD)]
    github.changed = ["docs/ci.md"]
    ran = judge(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.changes() == [f"POST /statuses/{HEAD}"]
    assert github.status(HEAD) == "success"


def test_results_that_were_not_left_are_not_taken_for_nothing_to_do(
    repository: Repository, github: FakeGitHub
) -> None:
    github.pulls = [events.pull(HEAD)]
    ran = judge(repository, github)
    assert ran.exit_code == 0, ran.lines
    assert github.status(HEAD) == "failure"


@pytest.mark.parametrize("conclusion", ["failure", "cancelled"])
def test_a_run_without_results_says_so(
    repository: Repository, github: FakeGitHub, conclusion: str
) -> None:
    github.pulls = [events.pull(HEAD)]
    ran = judge(repository, github, conclusion=conclusion)
    assert ran.exit_code == 0, ran.lines
    assert github.status(HEAD) == "failure"
    body = github.comments[0]["body"]
    assert f"**No results**: see the [log]({PAGE}/4711)." in body


def test_a_hostile_artifact_says_nothing_of_its_own(
    repository: Repository, github: FakeGitHub, tmp_path: Path
) -> None:
    github.pulls = [events.pull(HEAD)]
    folder = tmp_path / "hostile"
    run = write_run(folder, [row("health-check"), row("baseline", SLOW)])
    evil = (
        "` @everyone [click](https://evil.example) <img src=x> ![x](https://evil.example/x) \n# hi"
    )
    spoil(run / "baseline" / "verdict.json", reasons=[{"code": "", "params": {}, "text": evil}])
    github.keep(RUN, folder)
    ran = judge(repository, github, conclusion="failure")
    assert ran.exit_code == 0, ran.lines
    lines = [line for line in github.comments[0]["body"].splitlines() if "evil" in line]
    span = f"`{evil.replace('`', chr(39)).replace(chr(10), '')}`"
    assert lines
    assert all(line.startswith("- ") and line.endswith(span) for line in lines)
    assert all("`" not in line.removesuffix(span) for line in lines)


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch", "push"])
def test_other_runs_have_neither_status_nor_comment(
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
    assert "exit status 5" in ran.said("Judge")
    assert "with 404 NOT FOUND" in ran.said("Judge")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
