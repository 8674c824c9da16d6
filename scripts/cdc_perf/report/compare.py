"""Compare one run with another: the changes, without a claim that they are significant."""

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote

from cdc_perf.errors import UsageFailure
from cdc_perf.files import json_text
from cdc_perf.installation import COMMAND
from cdc_perf.report.changes import MetricChange, changes_of, changes_table, headline, incomparable
from cdc_perf.report.differences import ByScenario, SettingDifference, differences
from cdc_perf.report.hops import changed_hop
from cdc_perf.report.markdown import quoted
from cdc_perf.report.rows import scenario_word
from cdc_perf.results.history import HistoryEntry
from cdc_perf.results.manifest import Manifest, Versions
from cdc_perf.runs.run_set import RecordedScenario, RunSet
from cdc_perf.settings.scenarios import HEALTH_CHECK

NO_CLAIM = "One run compared with one run: a difference can be noise."
_COMMIT_LENGTH = 12


@dataclass(frozen=True)
class NextStep:
    """What rules out noise.

    Attributes:
        sentence: What to do, or why it is impossible.
        command: The command to run; empty if there is none.
    """

    sentence: str
    command: str = ""


def next_step(before: Versions | HistoryEntry, now: Manifest) -> NextStep:
    """Return how to measure the commits of two runs again, in turn.

    Args:
        before: What the earlier run measured.
        now: The later run.
    """
    versions = (before, now.versions)
    if any(each.changed for each in versions):
        return NextStep("Uncommitted changes cannot be measured again: commit them first.")
    if not all(each.commit for each in versions):
        return NextStep("The commit of a run is unknown.")
    if before.commit == now.versions.commit:
        return NextStep("Both runs measured the same commit.")
    commits = " ".join(quote(each.commit[:_COMMIT_LENGTH]) for each in versions)
    pipeline = f" --pipeline {quote(now.pipeline_option)}" if now.pipeline_option else ""
    return NextStep("To rule it out, run:", f"{COMMAND} compare {commits}{pipeline}")


@dataclass(frozen=True)
class RunComparison:
    """Two runs, scenario by scenario.

    Attributes:
        pairs: The comparable scenarios: before and now, by scenario.
        not_comparable: Why the others are not comparable, one sentence by scenario.
        differences: Differences in the settings of the scenarios that both runs have.
    """

    pairs: dict[str, tuple[RecordedScenario, RecordedScenario]]
    not_comparable: dict[str, str]
    differences: tuple[SettingDifference, ...]

    def changes(self) -> dict[str, tuple[MetricChange, ...]]:
        """Return every figure of both, by scenario."""
        return {
            scenario: changes_of(before.row, now.row)
            for scenario, (before, now) in self.pairs.items()
        }

    def headlines(self) -> dict[str, str]:
        """Return the most important changes, one line by scenario."""
        lines = {}
        for name, changes in self.changes().items():
            before, now = self.pairs[name]
            verdicts = [scenario_word(each.row.verdict) for each in (before, now)]
            hop = changed_hop(before.row.hops, now.row.hops)
            lines[name] = headline(changes, verdicts, hop)
        return lines

    def text(self) -> str:
        """Return the comparison as Markdown that is also readable on a terminal."""
        blocks = []
        if self.pairs:
            lines = [f"- {scenario}: {line}" for scenario, line in self.headlines().items()]
            blocks += ["\n".join(lines), changes_table(self.pairs), NO_CLAIM]
        if self.not_comparable:
            why = [
                f"{scenario}: not comparable: {why}"
                for scenario, why in self.not_comparable.items()
            ]
            blocks.append("\n".join(why))
        if self.differences:
            differ = [
                f"- {quoted(each.name)}: {quoted(each.before)} → {quoted(each.now)}"
                for each in self.differences
            ]
            blocks.append("\n".join(["Other differences:", "", *differ]))
        return "\n\n".join(blocks)

    def json(self) -> str:
        """Return the comparison as JSON."""
        content = {
            "scenarios": self.changes(),
            "not_comparable": self.not_comparable,
            "differences": self.differences,
        }
        return json_text(content)


def compare_runs(before: RunSet, now: RunSet) -> RunComparison:
    """Return the comparison of two runs, without the health check, which has no figures.

    Raises:
        UsageFailure: If one cannot be read, or if they have no scenario in common.
    """
    for what, recorded in (("BASE", before), ("HEAD", now)):
        if recorded.unreadable:
            raise UsageFailure(f"{what}: {recorded.unreadable[0]}")
    old, new = before.measured(), now.measured()
    shared = [name for name in new if name in old and name != HEALTH_CHECK]
    if not shared:
        raise UsageFailure(
            f"the runs have no scenario in common: BASE has {', '.join(old) or 'none'}, "
            f"HEAD has {', '.join(new) or 'none'}"
        )
    reasons = {name: incomparable(old[name], new[name]) for name in shared}
    return RunComparison(
        pairs={name: (old[name], new[name]) for name in shared if not reasons[name]},
        not_comparable={
            **{name: why for name, why in reasons.items() if why},
            **{name: "only in BASE" for name in old if name not in new},
            **{name: "only in HEAD" for name in new if name not in old},
        },
        differences=differences(_manifests(old), _manifests(new)),
    )


def _manifests(measured: Mapping[str, RecordedScenario]) -> ByScenario:
    return {name: (each.run.manifest, each.run.entry(name)) for name, each in measured.items()}
