"""How a run is made again."""

from shlex import quote

from cdc_perf.results.manifest import Manifest
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.scenarios import HEALTH_CHECK


def commands(manifest: Manifest) -> tuple[str, ...]:
    """Return the lines to type: the commit that was measured, then the same load and limits."""
    overrides, versions = manifest.overrides, manifest.versions
    names = [each.name for each in manifest.scenarios if each.name != HEALTH_CHECK]
    options = {
        "--scenarios": ",".join(names) or HEALTH_CHECK,
        "--duration": format_duration(overrides.duration_seconds)
        if overrides.duration_seconds is not None
        else "",
        "--vus": str(overrides.vus or ""),
        "--env": overrides.environment,
        "--stack": manifest.stack,
    }
    given = " ".join(f"{flag} {quote(value)}" for flag, value in options.items() if value)
    checkout = [f"git checkout {quote(versions.commit)}"] if versions.commit else []
    return (*checkout, "nox -s dev", f".venv/bin/inv perf {given}")
