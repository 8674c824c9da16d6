"""A run's changes to the committed scenarios."""

from collections.abc import Iterable
from dataclasses import dataclass

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import format_duration, parse_run_duration

_MOST_VIRTUAL_USERS = 10_000
_MOST_REPEATS = 20


@dataclass(frozen=True)
class Overrides:
    """Overrides that the k6 scripts apply (k6/scripts/lib/shape.js).

    Attributes:
        duration_seconds: The duration of each scenario; None: unchanged.
        vus: The maximum number of virtual users of each scenario; None: unchanged.
        environment: The environment of thresholds.json; empty: none.
        faults: The faults to inject into each scenario, as typed: `kill:connect@30s`.
        repeat: How often to inject a scenario's own list of faults.
    """

    duration_seconds: float | None = None
    vus: int | None = None
    environment: str = ""
    faults: tuple[str, ...] = ()
    repeat: int = 1

    @classmethod
    def parse(
        cls,
        duration: str,
        vus: str,
        environment: str,
        faults: Iterable[str] = (),
        repeat: str = "",
    ) -> "Overrides":
        """Parse the options as typed; an empty text overrides nothing.

        Raises:
            UsageFailure: A duration or a number is malformed.
        """
        return cls(
            parse_run_duration(duration) if duration else None,
            _parse_number(vus, "--vus", "a number of virtual users", _MOST_VIRTUAL_USERS)
            if vus
            else None,
            environment,
            tuple(faults),
            _parse_number(repeat, "--repeat", "a number", _MOST_REPEATS) if repeat else 1,
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


def _parse_number(text: str, option: str, what: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise UsageFailure(f"{option}: {text!r} is not {what} from 1 to {most:,}")
    return int(text)
