"""What differs between two runs beside their figures."""

from collections.abc import Iterator, Mapping

from scripts.report.html.environment import environment, load_of
from scripts.report.html.material import RunMaterial, ScenarioMaterial
from scripts.report.rows import NOTHING
from scripts.results.manifest import Manifest
from scripts.settings.scenarios import HEALTH_CHECK

# They name a run, and differ from run to run.
_OWN = ("run", "name", "began", "ended")

ByScenario = Mapping[str, tuple[RunMaterial, ScenarioMaterial]]


def differences(before: ByScenario, now: ByScenario) -> tuple[tuple[str, str, str], ...]:
    """Return what differs of the scenarios that both have: its name, in the base, in the run."""
    found = (
        difference
        for scenario in now
        if scenario in before and scenario != HEALTH_CHECK
        for difference in _differences(scenario, *before[scenario], *now[scenario])
    )
    # Each once: several scenarios are mostly of one run.
    return tuple(dict.fromkeys(found))


def _differences(
    scenario: str,
    base: RunMaterial,
    base_material: ScenarioMaterial,
    run: RunMaterial,
    material: ScenarioMaterial,
) -> Iterator[tuple[str, str, str]]:
    was, is_ = _told(base.manifest), _told(run.manifest)
    if base_material.entry and material.entry:
        load = f"load of {scenario}"
        was[load], is_[load] = load_of(base_material.entry), load_of(material.entry)
    for name in {**is_, **was}:
        old, new = was.get(name, NOTHING), is_.get(name, NOTHING)
        if old != new:
            yield name, old, new


def _told(manifest: Manifest | None) -> dict[str, str]:
    pairs = environment(manifest) if manifest else ()
    return {name: text for name, text in pairs if name not in _OWN}
