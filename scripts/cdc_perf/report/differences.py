"""The differences between two runs' settings and environments."""

from collections.abc import Iterator, Mapping

import msgspec

from cdc_perf.report.environment import environment, load_of
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.manifest import Manifest, ScenarioEntry
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.wording import counted

# These identify a run and differ from run to run.
_OWN = ("run", "name", "started", "ended")

# By scenario: the manifest of its run, and its entry there; None if unknown.
ByScenario = Mapping[str, tuple[Manifest | None, ScenarioEntry | None]]


class SettingDifference(msgspec.Struct, frozen=True):
    """A setting of two runs, formatted for people."""

    name: str
    before: str
    now: str


def differences(before: ByScenario, now: ByScenario) -> tuple[SettingDifference, ...]:
    """Return the differences of the scenarios that both have."""
    found = (
        difference
        for scenario in now
        if scenario in before and scenario != HEALTH_CHECK
        for difference in _differences(scenario, *before[scenario], *now[scenario])
    )
    # Each once, because several scenarios usually share one run.
    return tuple(dict.fromkeys(found))


def _differences(
    scenario: str,
    base: Manifest | None,
    base_entry: ScenarioEntry | None,
    run: Manifest | None,
    entry: ScenarioEntry | None,
) -> Iterator[SettingDifference]:
    was, is_ = _settings(base), _settings(run)
    if base_entry and entry:
        load = f"load of {scenario}"
        was[load], is_[load] = load_of(base_entry), load_of(entry)
    for manifest, settings in ((base, was), (run, is_)):
        settings.update(_connector(manifest, in_full=_has_connector(base) and _has_connector(run)))
    for name in {**is_, **was}:
        old, new = was.get(name, NOTHING), is_.get(name, NOTHING)
        if old != new:
            yield SettingDifference(name, old, new)


def _settings(manifest: Manifest | None) -> dict[str, str]:
    pairs = environment(manifest) if manifest else ()
    return {name: text for name, text in pairs if name not in _OWN}


def _has_connector(manifest: Manifest | None) -> bool:
    return manifest is not None and bool(manifest.connector)


def _connector(manifest: Manifest | None, *, in_full: bool) -> dict[str, str]:
    """Return the connector's settings; if only one run has them, say so."""
    settings = manifest.connector if manifest else {}
    if in_full:
        return {f"connector {name}": value for name, value in settings.items()}
    return {"connector": counted(len(settings), "setting") if settings else "not recorded"}
