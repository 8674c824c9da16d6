"""End-to-end latency with pipeline.toml's connector settings and Debezium's defaults, in turn."""

import re

from bench.figures import Figure, named, ratio
from bench.workplace import Workplace
from cdc_perf.runs.row import LATENCY

_SECONDS = 60
_ROUNDS = 2
_STATS = ("p50", "p95", "p99")
# The settings in pipeline.toml that reduce latency; without them, Debezium's defaults apply.
_TUNED = re.compile(
    r'^"(poll\.interval\.ms|heartbeat\.interval\.ms|status\.update\.interval\.ms|max\.batch\.size'
    r'|max\.queue\.size|producer\.override\..*)" = .*\n',
    re.MULTILINE,
)


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return p50, p95, and p99 with both settings, and the ratio of the medians."""
    settings = place.checkout.pipeline_file
    ours = settings.read_text(encoding="utf-8")
    texts = {"our settings": ours, "Debezium's defaults": _TUNED.sub("", ours)}
    values: dict[str, dict[str, list[float]]] = {
        name: {stat: [] for stat in _STATS} for name in texts
    }
    samples = 0
    place.inv("up")
    for _ in range(_ROUNDS):
        for name, text in texts.items():
            settings.write_text(text, encoding="utf-8")
            place.inv("connector.deploy")
            # With the defaults, the threshold of 500 ms on p50 fails.
            words = ("--scenarios", "e2e-latency", "--duration", f"{_SECONDS}s")
            place.inv("perf", *words, codes=(0, 10))
            summary = place.summary("e2e-latency")
            samples = summary.samples(LATENCY)
            for stat in _STATS:
                observed = summary.observed(LATENCY, f"p({stat.removeprefix('p')})")
                if observed is None:
                    raise RuntimeError(f"no {stat} of {LATENCY}")
                values[name][stat].append(observed)
    settings.write_text(ours, encoding="utf-8")
    place.inv("down")
    note = f"10 iterations/s for {_SECONDS} s, {samples} samples each"
    figures = [
        Figure(f"end-to-end latency {stat}, {name}", "ms", tuple(found), note)
        for name, stats in values.items()
        for stat, found in stats.items()
    ]
    slow, fast = (
        named(figures, f"end-to-end latency p50, {name}") for name in reversed(list(texts))
    )
    return (*figures, ratio("p50 with the defaults / p50 with our settings", slow, fast))
