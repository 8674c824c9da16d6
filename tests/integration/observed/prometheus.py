"""Grafana's part, without Grafana: a panel's variables filled in, and Prometheus asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

_SECONDS = 10
Series = tuple[Mapping[str, str], tuple[float, ...]]


@dataclass(frozen=True)
class Span:
    """What is looked at: a run, from when to when."""

    run_id: str
    begin: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that answers."""

    url: str

    def value(self, expression: str) -> float | None:
        """Return the one value that an expression has now, if it has any."""
        found = self._ask("query", query=expression)
        return float(found[0]["value"][1]) if found else None

    def at(self, expression: str, when: datetime) -> tuple[Series, ...]:
        """Return the series of an instant, each with one value."""
        found = self._ask("query", query=expression, time=when.timestamp())
        return tuple((x["metric"], (float(x["value"][1]),)) for x in found)

    def between(self, expression: str, span: Span) -> tuple[Series, ...]:
        """Return the series of a span, at every whole second."""
        found = self._ask(
            "query_range",
            query=expression,
            start=math.floor(span.begin.timestamp()),
            end=math.ceil(span.end.timestamp()),
            step=1,
        )
        return tuple(
            (x["metric"], tuple(v for _, text in x["values"] if math.isfinite(v := float(text))))
            for x in found
        )

    def _ask(self, what: str, **parameters: object) -> list[dict[str, Any]]:
        answer = requests.post(
            f"{self.url}/api/v1/{what}",
            data={name: str(value) for name, value in parameters.items()},
            timeout=_SECONDS,
        ).json()
        assert answer["status"] == "success", (parameters, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


def filled(expression: str, span: Span, window: float) -> str:
    """Return an expression with Grafana's variables replaced, `window` in seconds."""
    values = {
        "$__rate_interval": "4s",
        "$__range": f"{round(span.seconds)}s",
        "$window": f"{round(window)}s",
        "$shift": "1ms",
        "$test_run_id": span.run_id,
        "$base_run_id": span.run_id,
        "$scenario": "baseline",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression
