"""A run's changes to the committed scenarios."""

from dataclasses import dataclass

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import format_duration, parse_run_duration

_MOST_VIRTUAL_USERS = 10_000


@dataclass(frozen=True)
class Overrides:
    """Overrides that the k6 scripts apply (k6/scripts/lib/shape.js).

    Attributes:
        duration_seconds: The duration of each scenario; None: unchanged.
        vus: The maximum number of virtual users of each scenario; None: unchanged.
        environment: The environment of thresholds.json; empty: none.
    """

    duration_seconds: float | None = None
    vus: int | None = None
    environment: str = ""

    @classmethod
    def parse(cls, duration: str, vus: str, environment: str) -> "Overrides":
        """Parse the options as typed; an empty text overrides nothing.

        Raises:
            UsageFailure: A duration or a number is malformed.
        """
        return cls(
            parse_run_duration(duration) if duration else None,
            _parse_vus(vus) if vus else None,
            environment,
        )

    def variables(self) -> dict[str, str]:
        """Return the variables for the k6 scripts, all set, so that none is inherited.

        `HOLD_RATE` is empty here; callers that hold a rate set it.
        """
        duration = self.duration_seconds
        return {
            "DURATION": format_duration(duration) if duration is not None else "",
            "VUS": str(self.vus or ""),
            "CDC_ENV": self.environment,
            "HOLD_RATE": "",
        }


def _parse_vus(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_VIRTUAL_USERS):
        raise UsageFailure(
            f"--vus: {text!r} is not a number of virtual users from 1 to {_MOST_VIRTUAL_USERS:,}"
        )
    return int(text)
