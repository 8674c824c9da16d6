from datetime import UTC, datetime, timedelta

import pytest

from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.compose.events import DockerEvent, component_events, docker_event_in

BEGAN = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


def log(component: str, moment: datetime) -> tuple[str, ...]:
    return (f"{component} at {moment:%S}",)


def after(seconds: int, action: str, component: str = "kafka", exit_code: str = "") -> DockerEvent:
    return DockerEvent(BEGAN + timedelta(seconds=seconds), component, action, exit_code)


def only(*docker_events: DockerEvent) -> ComponentEvent:
    (event,) = component_events(docker_events, log)
    return event


def test_a_container_that_ends_by_itself_and_comes_back() -> None:
    event = only(after(1, "die", exit_code="137"), after(4, "start"))
    assert event == ComponentEvent(
        component="kafka",
        what="ended (exit status 137)",
        by_operator=False,
        log=("kafka at 01",),
        at=BEGAN + timedelta(seconds=1),
        back=BEGAN + timedelta(seconds=4),
    )


def test_a_container_that_someone_kills() -> None:
    event = only(after(1, "kill"), after(1, "die", exit_code="137"))
    assert (event.by_operator, event.back) == (True, None)


def test_a_kill_of_one_life_says_nothing_of_the_next() -> None:
    events = component_events(
        [after(1, "kill"), after(2, "die"), after(3, "start"), after(4, "die")],
        log,
    )
    assert [event.by_operator for event in events] == [True, False]


def test_a_kill_of_another_container_is_not_its_own() -> None:
    event = only(after(1, "kill", "connect"), after(2, "die"))
    assert not event.by_operator


def test_the_lack_of_memory_is_reported_with_its_remedy() -> None:
    event = only(after(1, "oom"), after(1, "die", exit_code="137"))
    assert event.what == "ended (exit status 137, out of memory)"
    assert event.remedy == "raise its memory limit in docker-compose.yml"


def test_a_process_that_is_lost_for_lack_of_memory_is_reported_although_its_container_lives() -> (
    None
):
    event = only(after(1, "oom", "postgres"))
    assert event.what == "ran out of memory and lost a process"
    assert not event.by_operator


def test_a_pause_is_an_operators() -> None:
    event = only(after(1, "pause"), after(5, "unpause"))
    assert (event.what, event.by_operator) == ("was paused", True)
    assert event.back == BEGAN + timedelta(seconds=5)


def test_bad_health_is_reported() -> None:
    event = only(after(1, "health_status: unhealthy"))
    assert (event.what, event.by_operator) == ("became unhealthy", False)


@pytest.mark.parametrize("action", ["start", "kill", "unpause", "health_status: healthy"])
def test_what_does_no_harm_is_not_reported(action: str) -> None:
    assert component_events([after(1, action)], log) == ()


def message(service: str) -> dict[str, object]:
    return {
        "Action": "die",
        "timeNano": 1_795_550_400_250_000_000,
        "Actor": {"Attributes": {"com.docker.compose.service": service, "exitCode": "1"}},
    }


def test_an_event_of_the_engine_is_read() -> None:
    at = datetime(2026, 11, 24, 20, 0, 0, 250_000, tzinfo=UTC)
    assert docker_event_in(message("kafka-connect")) == DockerEvent(at, "connect", "die", "1")


def test_what_is_no_component_is_left_out() -> None:
    assert docker_event_in(message("grafana")) is None
