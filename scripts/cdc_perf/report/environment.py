"""What a run's measurements depend on, as pairs of a name and a text."""

from cdc_perf.results.manifest import Machine, Manifest, ScenarioEntry
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    LoadShape,
    Observation,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
)
from cdc_perf.wording import counted

_GIB = 1024**3


def environment(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Return the machine, software, and settings of a run."""
    machine, versions, overrides = manifest.machine, manifest.versions, manifest.overrides
    changed = ", with uncommitted changes" if versions.changed else ""
    stack = f"{manifest.stack}, already running" if manifest.stack_was_up else manifest.stack
    ended = "unknown"
    if manifest.ended is not None:
        took = round((manifest.ended - manifest.started).total_seconds())
        ended = f"{manifest.ended:%Y-%m-%d %H:%M:%S} UTC, after {format_duration(took)}"
    pairs = [
        ("run", manifest.run_id),
        ("name", manifest.name),
        ("started", f"{manifest.started:%Y-%m-%d %H:%M:%S} UTC"),
        ("ended", ended),
        *machine_pairs(machine),
        ("project", versions.project),
        ("commit", f"{versions.commit}{changed}"),
        ("k6", versions.k6),
        ("pipeline", str(manifest.pipeline)),
        ("stack", stack),
        *versions.components.items(),
        ("thresholds of", overrides.environment),
        ("maximum VUs", str(overrides.vus or "")),
    ]
    return tuple((name, text) for name, text in pairs if text)


def machine_pairs(machine: Machine) -> tuple[tuple[str, str], ...]:
    """Return the hardware and the system."""
    cores = counted(machine.cores, "core")
    return (
        ("machine", f"{machine.cpu}, {cores}, {machine.memory / _GIB:,.1f} GiB"),
        ("system", f"{machine.system}, {machine.architecture}, Python {machine.python}"),
    )


def load_of(entry: ScenarioEntry) -> str:
    """Return a scenario's effective load, in a sentence."""
    think = entry.think_time_seconds
    pause = f", think time {format_duration(think)} on average" if think else ""
    return f"{_shape(entry.executor)}, {format_duration(entry.seconds)}{pause}"


def _shape(executor: LoadShape) -> str:
    match executor:
        case Observation():
            return "no load of its own"
        case PerVuIterations():
            times = counted(executor.iterations, "iteration")
            each = " each" if executor.vus > 1 else ""
            return f"{counted(executor.vus, 'virtual user')}, {times}{each}"
        case ConstantVus():
            return counted(executor.vus, "virtual user")
        case RampingVus():
            return f"{executor.start_vus:,} {_stages(executor)} virtual users"
        case ConstantArrivalRate():
            return (
                f"{counted(executor.rate, 'iteration')} per {executor.time_unit}, "
                f"at most {counted(executor.max_vus, 'virtual user')}"
            )
        case RampingArrivalRate():
            return (
                f"{executor.start_rate:,} {_stages(executor)} iterations per "
                f"{executor.time_unit}, at most {counted(executor.max_vus, 'virtual user')}"
            )


def _stages(executor: RampingVus | RampingArrivalRate) -> str:
    return " ".join(f"→ {stage.target:,} ({stage.duration})" for stage in executor.stages)
