"""What every workflow file has to keep, as functions from its text to what is wrong with it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cdc_perf.ci.emit import HEADER
from cdc_perf.ci.pins import PINS

_RUNNER = re.compile(r"\$\{\{ vars\.[A-Z_]+ \|\| 'ubuntu-latest' \}\}")
_PINNED = re.compile(r"(?P<action>[\w./-]+)@(?P<sha>[0-9a-f]{40}) # (?P<tag>v\d+\.\d+\.\d+)")
_RUN_AND_ATTEMPT = "-${{ github.run_id }}-${{ github.run_attempt }}"
_TIMEOUTS = (
    "${{ matrix.timeout_minutes }}",
    "${{ fromJSON(needs.plan.outputs.compare_timeout) }}",
)
_WITH_BASE = "${{ github.event_name == 'merge_group' && '0' || '2' }}"
_OTHER_LABEL = (
    "${{ github.event.pull_request && github.event.label.name != 'performance-change-accepted' "
    "&& github.run_id || '' }}"
)
_SWALLOWS = ("|| true", "|| :", "set +e", "sleep ")


@dataclass(frozen=True)
class File:
    """A workflow file."""

    name: str
    text: str
    content: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", yaml.safe_load(self.text))

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        jobs: dict[str, dict[str, Any]] = self.content["jobs"]
        return jobs

    @property
    def steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for job, content in self.jobs.items():
            for step in content["steps"]:
                yield f"{job}: {step['name']}", step

    def uses(self, action: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for where, step in self.steps:
            if step.get("uses", "").startswith(action):
                yield where, step

    @property
    def is_comment(self) -> bool:
        return "workflow_run" in self.content["on"]


Policy = Callable[[File], Iterator[str]]


def it_says_how_it_was_made(file: File) -> Iterator[str]:
    if not file.text.startswith(f"{HEADER}\n"):
        yield "the header is missing"


def no_permission_is_left_to_a_default(file: File) -> Iterator[str]:
    if file.content.get("permissions") != {}:
        yield "the workflow's own permissions are not {}"
    for job, content in file.jobs.items():
        if "permissions" not in content:
            yield f"{job} has no permissions of its own"


def only_the_comment_may_write(file: File) -> Iterator[str]:
    for job, content in file.jobs.items():
        for scope, level in content.get("permissions", {}).items():
            allowed = file.is_comment and scope in {"pull-requests", "statuses"}
            if level != "read" and not allowed:
                yield f"{job} has {scope}: {level}"


def each_permission_has_its_reason(file: File) -> Iterator[str]:
    for line in re.findall(r"^ {6}[a-z-]+: (?:read|write)\b.*$", file.text, re.MULTILINE):
        if not re.search(r" # \w", line):
            yield f"no reason: {line.strip()}"


def no_expression_is_code(file: File) -> Iterator[str]:
    for where, step in file.steps:
        if "${{" in step.get("run", ""):
            yield f"{where} has an expression in its script"


def every_action_is_pinned(file: File) -> Iterator[str]:
    known = {(pin.repository, pin.sha, pin.tag) for pin in PINS}
    for line in re.findall(r"^ +(?:- )?uses: (.*)$", file.text, re.MULTILINE):
        match = _PINNED.fullmatch(line)
        if match is None or (match["action"], match["sha"], match["tag"]) not in known:
            yield f"not in the table of pins: {line}"


def no_token_is_left_in_the_checkout(file: File) -> Iterator[str]:
    for where, step in file.uses("actions/checkout"):
        if step.get("with", {}).get("persist-credentials") is not False:
            yield f"{where} leaves its token"


def runs_of_a_pull_request_do_not_overlap(file: File) -> Iterator[str]:
    concurrency = file.content.get("concurrency", {})
    group, cancel = concurrency.get("group", ""), concurrency.get("cancel-in-progress")
    # A workflow of the same name would push the other's runs out of a queue that both share.
    for one in (
        ("github.event.workflow_run.head_branch", "github.event.workflow_run.path")
        if file.is_comment
        else ("pull_request.number",)
    ):
        if one not in group:
            yield f"the concurrency group does not have {one}"
    # A comment that is being written is not to be cut off; a scheduled run neither.
    wanted = False if file.is_comment else "${{ github.event_name == 'pull_request' }}"
    if cancel != wanted:
        yield f"cancel-in-progress is {cancel}"


def every_job_ends(file: File) -> Iterator[str]:
    for job, content in file.jobs.items():
        minutes = content.get("timeout-minutes")
        if type(minutes) is not int and minutes not in _TIMEOUTS:
            yield f"{job} has the timeout {minutes}"


def every_runner_can_be_replaced(file: File) -> Iterator[str]:
    for job, content in file.jobs.items():
        if not _RUNNER.fullmatch(str(content.get("runs-on"))):
            yield f"{job} runs on {content.get('runs-on')}"


def artifacts_are_always_kept_and_named_for_one_attempt(file: File) -> Iterator[str]:
    for where, step in file.uses("actions/upload-artifact"):
        given = step["with"]
        lead, days = given["name"].partition("-")[0], given.get("retention-days")
        if given.get("if-no-files-found") != "error":
            yield f"{where} may find nothing"
        if step.get("if") != "always()":
            yield f"{where} is skipped when something failed"
        if not given["name"].endswith(_RUN_AND_ATTEMPT):
            yield f"{where} has a name that another attempt has too"
        if days != {"k6": 30, "logs": 7}.get(lead):
            yield f"{where} is kept for {days} days"
        in_matrix = "strategy" in file.jobs[where.partition(":")[0]]
        if in_matrix and "${{ matrix.scenario }}" not in given["name"]:
            yield f"{where} has a name that another scenario has too"


def a_failure_stays_one(file: File) -> Iterator[str]:
    if "continue-on-error" in file.text:
        yield "continue-on-error hides a failure"
    for where, step in file.steps:
        for what in _SWALLOWS:
            if what in step.get("run", ""):
                yield f"{where} has {what.strip()}"
    if file.content.get("defaults") != {"run": {"shell": "bash"}}:
        yield "a pipe may hide a failure: the shell is not bash"


def one_scenario_does_not_end_the_others(file: File) -> Iterator[str]:
    for job, content in file.jobs.items():
        if "strategy" in content and content["strategy"].get("fail-fast") is not False:
            yield f"{job} fails fast"


def a_required_check_always_starts_and_always_judges(file: File) -> Iterator[str]:
    triggers = file.content["on"]
    for event in ("pull_request", "push"):
        if {"paths", "paths-ignore"} & set(triggers.get(event) or {}):
            yield f"{event} is filtered by paths"
    gate = file.jobs.get("gate")
    if gate is not None:
        if gate.get("if") != "always()":
            yield "the gate can be skipped, which counts as a success"
        if set(gate.get("needs", ())) != set(file.jobs) - {"gate"}:
            yield "the gate does not need every other job"
        if {step.get("if") for step in gate["steps"]} != {"always()"}:
            yield "a step of the gate is skipped where the workflow was cancelled"


def no_token_is_handed_to_a_strangers_code(file: File) -> Iterator[str]:
    if "pull_request_target" in file.content["on"] and not file.is_comment:
        yield "pull_request_target runs with the rights of the base"
    if "secrets." in file.text:
        yield "a secret is used"
    if not file.is_comment and "github.token" in file.text:
        yield "a token is handed to a pull request's code"


def no_strangers_code_meets_a_token_that_writes(file: File) -> Iterator[str]:
    if not file.is_comment:
        return
    for where, step in file.uses("actions/checkout"):
        if {"ref", "repository"} & set(step.get("with", {})):
            yield f"{where} checks out something else than the default branch"
    if "cache" in file.text or "download-artifact" in file.text:
        yield "what a pull request's job has put somewhere is fetched without a check"
    for job, content in file.jobs.items():
        if content.get("if") != (
            "github.event.workflow_run.event == 'pull_request' || "
            "github.event.workflow_run.event == 'merge_group' || "
            "github.event.label.name == 'performance-change-accepted'"
        ):
            yield f"{job} runs for other events too"


def a_label_judges_again_and_stops_no_run(file: File) -> Iterator[str]:
    """A label must not cancel a measurement, nor take the place of a judgment that waits."""
    triggers = file.content["on"]
    for event in ("pull_request", "pull_request_target"):
        types = set((triggers.get(event) or {}).get("types", ()))
        allowed = file.is_comment and event == "pull_request_target"
        if not allowed and types & {"labeled", "unlabeled"}:
            yield f"{event}: a label starts a measurement again"
        if allowed and types != {"labeled", "unlabeled"}:
            yield f"{event}: something else than a label starts it too"
    if file.is_comment and not file.content["concurrency"]["group"].endswith(f"-{_OTHER_LABEL}"):
        yield "a run for another label takes the place of one that waits in the group"


def a_comparison_has_its_two_commits(file: File) -> Iterator[str]:
    for job, content in file.jobs.items():
        for step in content["steps"]:
            if not step.get("run", "").startswith("exec inv compare "):
                continue
            wanted = {
                name.upper(): f"${{{{ needs.plan.outputs.{name} }}}}"
                for name in ("base", "head", "minutes")
            }
            if step.get("env") != wanted or step["run"] != (
                'exec inv compare "$BASE" "$HEAD" --minutes "$MINUTES"'
            ):
                yield f"{job} compares other commits than the planned ones"
            if content["steps"][0].get("with", {}).get("fetch-depth") != _WITH_BASE:
                yield f"{job} does not have the base"
            if content.get("if") != "needs.plan.outputs.compare == 'true'":
                yield f"{job} runs although it is turned off, or is skipped"


def the_results_are_all_that_is_kept(file: File) -> Iterator[str]:
    for where, step in file.uses("actions/upload-artifact"):
        lines = step["with"]["path"].split()
        for folder, names in {
            "k6/results/": ("latest", "history.jsonl"),
            "k6/results/comparisons/": ("*/logs", "*/k6"),
        }.items():
            for left_out in names:
                if folder in lines and f"!{folder}{left_out}" not in lines:
                    yield f"{where} keeps {left_out}"


def a_tool_cache_has_the_key_of_its_tools(file: File) -> Iterator[str]:
    for where, step in file.uses("actions/cache"):
        if not step["with"]["key"].endswith("-${{ steps.tool-key.outputs.key }}"):
            yield f"{where} has a key that does not change with every tool"
    for where, _ in file.uses("actions/cache/save"):
        steps = file.jobs[where.partition(":")[0]]["steps"]
        if not any(step.get("run", "").startswith("exec inv tools.prune ") for step in steps):
            yield f"{where} keeps every tool that there ever was"


def docker_is_not_half_there(file: File) -> Iterator[str]:
    for job, content in file.jobs.items():
        if {"services", "container"} & set(content):
            yield f"{job} has services beside the stack"


POLICIES: tuple[Policy, ...] = (
    it_says_how_it_was_made,
    no_permission_is_left_to_a_default,
    only_the_comment_may_write,
    each_permission_has_its_reason,
    no_expression_is_code,
    every_action_is_pinned,
    no_token_is_left_in_the_checkout,
    runs_of_a_pull_request_do_not_overlap,
    every_job_ends,
    every_runner_can_be_replaced,
    artifacts_are_always_kept_and_named_for_one_attempt,
    a_failure_stays_one,
    one_scenario_does_not_end_the_others,
    a_required_check_always_starts_and_always_judges,
    no_token_is_handed_to_a_strangers_code,
    no_strangers_code_meets_a_token_that_writes,
    a_label_judges_again_and_stops_no_run,
    a_comparison_has_its_two_commits,
    the_results_are_all_that_is_kept,
    a_tool_cache_has_the_key_of_its_tools,
    docker_is_not_half_there,
)


def no_job_that_can_write_shares_a_runner(files: Iterable[File]) -> Iterator[str]:
    """Compare the runners of all files: a policy of one file cannot see the other's.

    A runner is what `runs-on` says; of two variables neither may be the other's default. GitHub's
    own machines are fresh for each job, so that the common fallback is no common machine.
    """
    jobs = [(file, job, content) for file in files for job, content in file.jobs.items()]
    writes = {
        (file.name, job): _labels(content)
        for file, job, content in jobs
        if "write" in content.get("permissions", {}).values() or file.is_comment
    }
    strangers = {
        label
        for file, job, content in jobs
        if (file.name, job) not in writes
        for label in _labels(content)
    }
    for (name, job), labels in writes.items():
        for label in sorted(labels & strangers):
            yield f"{name}: {job} shares the runner {label} with code of pull requests"


def _labels(content: dict[str, Any]) -> set[str]:
    """Return the variables and words that name a job's runner, GitHub's own machine left out."""
    words = re.findall(r"vars\.[A-Z_]+|[\w-]+", str(content["runs-on"]))
    return set(words) - {"ubuntu-latest"}
