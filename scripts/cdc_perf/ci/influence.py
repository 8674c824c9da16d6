"""How a pull request's own changes affect its measurement and its verdicts."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from cdc_perf.ci.plan import ENVIRONMENT
from cdc_perf.errors import UsageFailure
from cdc_perf.publish.content import file_at
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import WORKFLOW_PATH
from cdc_perf.reasons.figures import limit_figure
from cdc_perf.report.markdown import quoted, table
from cdc_perf.settings.expressions import Operator
from cdc_perf.settings.files import read_json
from cdc_perf.settings.metrics import load_metrics
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
_NONE = "-"


class Part(StrEnum):
    """The part of the judgment that a changed file affects."""

    WORKFLOW = "workflow"
    THRESHOLDS = "thresholds"
    LOAD = "load"
    GATE = "gate"
    HARNESS = "harness"


# The first match counts.
_PATTERNS: Mapping[str, Part] = {
    WORKFLOW_PATH: Part.WORKFLOW,
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


def parts_of(changed: Sequence[str]) -> Mapping[Part, tuple[str, ...]]:
    """Return the changed files that affect a result, by the part that they affect."""
    found: dict[Part, list[str]] = {}
    for path in changed:
        for pattern, part in _PATTERNS.items():
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
    before: ThresholdTable, after: ThresholdTable, scenarios: Sequence[str]
) -> tuple[ThresholdChange, ...]:
    """Return every threshold that differs between two tables.

    Raises:
        UsageFailure: A table lacks the environment for pull requests.
    """
    changes = []
    for scenario in scenarios:
        was, is_ = (
            {(x.metric, x.stat): x for x in each.thresholds_of(scenario, ENVIRONMENT)}
            for each in (before, after)
        )
        changes += [
            ThresholdChange(scenario, was.get(key), is_.get(key))
            for key in dict.fromkeys((*was, *is_))
            if was.get(key) != is_.get(key)
        ]
    return tuple(changes)


def influence(
    github: GitHub, checkout: Checkout, changed: Sequence[str], commit: str, temporary: str
) -> tuple[str, ...]:
    """Return blocks of Markdown on how the changed files affect the result; may be empty.

    Args:
        github: The repository.
        checkout: A checkout of the default branch.
        changed: The files that the pull request changes.
        commit: Its head.
        temporary: The parent of temporary folders.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    parts = parts_of(changed)
    blocks = []
    if parts:
        blocks.append("\n".join(_line(part, paths) for part, paths in parts.items()))
    settings = [path for path in _SETTINGS if path in changed]
    if settings:
        with tempfile.TemporaryDirectory(prefix="cdc-perf-", dir=temporary or None) as folder:
            root = Path(folder)
            (root / "k6").mkdir()
            for path in _SETTINGS:
                if path not in settings:
                    shutil.copyfile(checkout.root / path, root / path)
                elif (content := file_at(github, path, commit)) is not None:
                    (root / path).write_bytes(content)
            blocks += _settings(checkout, Checkout.at(root, {}))
    return tuple(blocks)


def _line(part: Part, paths: Sequence[str]) -> str:
    shown = ", ".join(quoted(path) for path in paths[:_MOST_PATHS])
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"- **{part}** ({shown}{more}): {_EFFECTS[part]}."


def _settings(ours: Checkout, theirs: Checkout) -> Iterator[str]:
    """Yield the loads and thresholds that differ, or why they cannot be compared."""
    try:
        before, after = (_entries(each) for each in (ours, theirs))
        yield from _loads(before, after)
        changes = threshold_changes(
            load_thresholds(ours, before, load_metrics(ours)),
            load_thresholds(theirs, after, load_metrics(theirs)),
            tuple(dict.fromkeys((*before, *after))),
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
    content = read_json(checkout.scenarios_file)
    if not isinstance(content, dict):
        raise UsageFailure("scenarios.json is not an object")
    return content


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
