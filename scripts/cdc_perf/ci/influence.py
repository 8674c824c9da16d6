"""How a pull request's own changes affect its measurement and its verdicts."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from cdc_perf.ci.emit import FOLDER
from cdc_perf.ci.judge_context import JudgeContext
from cdc_perf.ci.measured_repository import MeasuredRepository
from cdc_perf.ci.run import FILE as RUN_FILE
from cdc_perf.errors import UsageFailure
from cdc_perf.publish.content import file_at
from cdc_perf.publish.names import WORKFLOW_PATH
from cdc_perf.reasons.figures import limit_figure
from cdc_perf.report.markdown import quoted, table
from cdc_perf.settings.expressions import Operator
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.overlay import layered
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.thresholds import Threshold, ThresholdTable

_MOST_PATHS = 5
_THRESHOLDS, _SCENARIOS, _METRICS = (
    "k6/thresholds.json",
    "k6/scenarios.json",
    "k6/metrics.json",
)
_SETTINGS = (_THRESHOLDS, _SCENARIOS, _METRICS)
# The files of a pipeline that overlay the first two.
_OVERLAYS = ("thresholds.json", "scenarios.json")
_NONE = "-"


class Part(StrEnum):
    """The part of the judgment that a changed file affects."""

    WORKFLOW = "workflow"
    THRESHOLDS = "thresholds"
    LOAD = "load"
    GATE = "gate"
    HARNESS = "harness"


# The first match counts.
_OWN_PATTERNS: Mapping[str, Part] = {
    WORKFLOW_PATH: Part.WORKFLOW,
    f"{FOLDER}/{RUN_FILE}": Part.WORKFLOW,
    _THRESHOLDS: Part.THRESHOLDS,
    _METRICS: Part.THRESHOLDS,
    _SCENARIOS: Part.LOAD,
    "pipelines/*/thresholds.json": Part.THRESHOLDS,
    "pipelines/*/scenarios.json": Part.LOAD,
    "pipelines/*/scripts/*": Part.LOAD,
    "pipelines/*workload.toml": Part.LOAD,
    "k6/scripts/*": Part.LOAD,
    "k6/*": Part.HARNESS,
    "scripts/cdc_perf/ci/*": Part.GATE,
    "scripts/cdc_perf/verdict/*": Part.GATE,
    "scripts/*": Part.HARNESS,
    "tasks.py": Part.HARNESS,
    "noxfile.py": Part.HARNESS,
    "pyproject.toml": Part.HARNESS,
    "requirements/*": Part.HARNESS,
}
_EFFECTS: Mapping[Part, str] = {
    Part.WORKFLOW: "this pull request defines the jobs and their artifacts: "
    "trust the results only as far as this change",
    Part.THRESHOLDS: "Gate uses the thresholds of this pull request; "
    "the required status uses those of the default branch",
    Part.LOAD: "Gate judges the load of this pull request; "
    "the required status fails unless the load equals that of the default branch",
    Part.GATE: "the verdict and Gate follow the rules of this pull request; "
    "the required status follows those of the default branch",
    Part.HARNESS: "the code of this pull request measures; "
    "the required status judges the values that this code reports",
}


def _patterns(repository: MeasuredRepository) -> Mapping[str, Part]:
    if repository.is_own:
        return _OWN_PATTERNS
    return {
        WORKFLOW_PATH: Part.WORKFLOW,
        f"{repository.prefix}thresholds.json": Part.THRESHOLDS,
        f"{repository.prefix}scenarios.json": Part.LOAD,
        f"{repository.prefix}scripts/*": Part.LOAD,
        f"{repository.prefix}*workload.toml": Part.LOAD,
    }


def parts_of(
    repository: MeasuredRepository, changed: Sequence[str]
) -> Mapping[Part, tuple[str, ...]]:
    """Return the changed files that affect a result, by the part that they affect."""
    found: dict[Part, list[str]] = {}
    for path in changed:
        for pattern, part in _patterns(repository).items():
            if fnmatchcase(path, pattern):
                found.setdefault(part, []).append(path)
                break
    return {part: tuple(found[part]) for part in Part if part in found}


@dataclass(frozen=True)
class ThresholdChange:
    """A threshold that a pull request changes, in the environment for pull requests.

    Attributes:
        scenario: The scenario.
        before: The default branch's threshold; None if it has none.
        after: The pull request's threshold; None if it has none.
    """

    scenario: str
    before: Threshold | None
    after: Threshold | None

    @property
    def effect(self) -> str:
        """`looser`, `tighter`, `added`, or `removed`."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        upper = self.before.operator in (Operator.AT_MOST, Operator.BELOW)
        if self.before.limit == self.after.limit:
            strict = self.after.operator in (Operator.BELOW, Operator.ABOVE)
            return "tighter" if strict else "looser"
        return "looser" if (self.after.limit > self.before.limit) == upper else "tighter"


def threshold_changes(
    before: ThresholdTable, after: ThresholdTable, scenarios: Sequence[str], environment: str
) -> tuple[ThresholdChange, ...]:
    """Return every threshold of an environment that differs between two tables.

    Raises:
        UsageFailure: A table lacks the environment for pull requests.
    """
    changes = []
    for scenario in scenarios:
        was, is_ = (
            {(x.metric, x.stat): x for x in each.thresholds_of(scenario, environment)}
            for each in (before, after)
        )
        changes += [
            ThresholdChange(scenario, was.get(key), is_.get(key))
            for key in dict.fromkeys((*was, *is_))
            if was.get(key) != is_.get(key)
        ]
    return tuple(changes)


def influence(context: JudgeContext, changed: Sequence[str], commit: str) -> tuple[str, ...]:
    """Return blocks of Markdown on how the changed files affect the result; may be empty.

    Args:
        context: The context.
        changed: The files that the pull request changes.
        commit: Its head.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    repository, checkout = context.repository, context.checkout
    parts = parts_of(repository, changed)
    blocks = []
    if parts:
        blocks.append("\n".join(_line(part, paths) for part, paths in parts.items()))
    overlays = (f"{repository.prefix}{x}" for x in _OVERLAYS)
    known = (*(_SETTINGS if repository.is_own else ()), *overlays)
    settings = [path for path in known if path in changed]
    if settings:
        parent = context.temporary or None
        with tempfile.TemporaryDirectory(prefix="cdc-perf-", dir=parent) as folder:
            root = Path(folder)
            for path in known:
                content = (
                    file_at(context.github, path, commit)
                    if path in settings
                    else _content(repository.root / path)
                )
                if content is not None:
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_bytes(content)
            theirs = (
                Checkout.at(root, {})
                if repository.is_own
                else replace(checkout, pipeline=root / repository.prefix)
            )
            blocks += _settings(context, theirs)
    return tuple(blocks)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _line(part: Part, paths: Sequence[str]) -> str:
    shown = ", ".join(quoted(path) for path in paths[:_MOST_PATHS])
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"- **{part}** ({shown}{more}): {_EFFECTS[part]}."


def _settings(context: JudgeContext, theirs: Checkout) -> Iterator[str]:
    """Yield the loads and thresholds that differ, or why they cannot be compared."""
    ours = context.checkout
    try:
        before, after = (_entries(each) for each in (ours, theirs))
        yield from _loads(before, after)
        changes = threshold_changes(
            load_thresholds(ours, before, load_metrics(ours)),
            load_thresholds(theirs, after, load_metrics(theirs)),
            tuple(dict.fromkeys((*before, *after))),
            context.inputs.environment,
        )
    except (UsageFailure, RecursionError) as error:
        why = error.message if isinstance(error, UsageFailure) else "its JSON is nested too deeply"
        yield f"- The settings of this pull request are invalid: {quoted(why)}"
        return
    if changes:
        headers = ["scenario", "threshold", "default branch", "this pull request", "effect"]
        rows = [_row(change) for change in changes]
        yield table(headers, rows, ["left", "left", "right", "right", "left"])


def _entries(checkout: Checkout) -> Mapping[str, object]:
    return layered(checkout.scenarios_file, checkout.own_scenarios_file).content


def _loads(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    lines = [
        f"- load of {quoted(name)}: default branch {_json(before, name)}, "
        f"this pull request {_json(after, name)}"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
    if lines:
        yield "\n".join(lines)


def _json(entries: Mapping[str, object], name: str) -> str:
    return quoted(json.dumps(entries[name])) if name in entries else "none"


def _row(change: ThresholdChange) -> list[str]:
    one = change.after or change.before
    name = f"{one.metric} {one.stat}" if one is not None else ""
    return [
        _cell(change.scenario),
        _cell(name),
        *(_limit(each) for each in (change.before, change.after)),
        change.effect,
    ]


def _limit(threshold: Threshold | None) -> str:
    if threshold is None:
        return _NONE
    return _cell(f"{threshold.operator} {limit_figure(threshold.limit, threshold.unit)}")


def _cell(text: str) -> str:
    """Return text as a code span in a table cell; a bar would end the cell."""
    return quoted(text).replace("|", "\\|")
