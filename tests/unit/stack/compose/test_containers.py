from datetime import UTC, datetime

import pytest

from cdc_perf.stack.compose.containers import moment_of, state_of
from cdc_perf.stack.compose.statistics import usage_in


@pytest.mark.parametrize(
    ("status", "health", "state"),
    [
        ("running", "healthy", "running"),
        ("running", "starting", "running"),
        ("running", "", "running"),
        ("running", "unhealthy", "failed"),
        ("exited", "unhealthy", "stopped"),
        ("paused", "healthy", "stopped"),
        ("restarting", "", "starting"),
        ("created", "", "starting"),
        ("dead", "", "failed"),
    ],
)
def test_the_engines_states_are_those_of_other_backends(
    status: str, health: str, state: str
) -> None:
    found: dict[str, object] = {"Status": status}
    if health:
        found["Health"] = {"Status": health}
    assert state_of(found) == state


def test_a_time_of_the_engine_is_read() -> None:
    assert moment_of("2026-11-24T20:35:19.080123456Z") == datetime(
        2026, 11, 24, 20, 35, 19, tzinfo=UTC
    )
    assert moment_of("0001-01-01T00:00:00Z") is None


def sample(**memory: object) -> dict[str, object]:
    return {
        "read": "1970-01-01T00:01:40.250000001Z",
        "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}},
        "memory_stats": memory,
    }


@pytest.mark.parametrize(
    ("details", "memory"),
    [
        ({"total_inactive_file": 30, "inactive_file": 1}, 70),  # cgroup 1
        ({"inactive_file": 40}, 60),  # cgroup 2
        ({}, 100),
        ({"inactive_file": 400}, 0),
    ],
)
def test_memory_is_without_the_cache_of_files(details: dict[str, int], memory: int) -> None:
    found = usage_in(sample(usage=100, stats=details))
    assert found is not None
    assert (found.cpu_seconds, found.memory) == (2.5, memory)
    assert found.at == pytest.approx(100.25)


def test_a_container_that_does_not_run_uses_nothing() -> None:
    assert usage_in(sample()) is None
