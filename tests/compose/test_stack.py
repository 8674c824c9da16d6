"""What `inv up --stack compose` starts, and how it is left."""

import json
from pathlib import Path
from typing import Any

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.choice import choose
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.compose.containers import SERVICES
from cdc_perf.stack.compose.engine import DockerEngine
from cdc_perf.tools.cache import Cache
from cdc_perf.waiting import NotReady, wait_until
from tests.compose.conftest import Docker, docker
from tests.integration.conftest import copy_checkout

# The slowest check comes every 30 s, at first too.
_HEALTHY_SECONDS = 60


def inspected(inv: Docker) -> dict[str, dict[str, Any]]:
    names = [f"{inv.project}-{service}-1" for service in SERVICES.values()]
    found = json.loads(docker("inspect", *names))
    return dict(zip(SERVICES, found, strict=True))


def test_a_row_went_through_every_hop(started: tuple[Docker, str]) -> None:
    assert "a canary row went through every hop in " in started[1]


def test_status_shows_every_component_running(inv: Docker) -> None:
    statuses = {x["name"]: x for x in json.loads(inv("status", "--json").output)}
    assert tuple(statuses) == (*COMPONENTS, "connector", "connector task 0")
    assert {status["state"] for status in statuses.values()} == {"running"}
    for status in (statuses[name] for name in COMPONENTS):
        assert status["memory"] > 5_000_000
        assert all(status[fact] for fact in ("pid", "port", "version", "uptime"))


def test_nothing_listens_beyond_the_loopback_interface(inv: Docker) -> None:
    for container in inspected(inv).values():
        published = [
            x for each in container["NetworkSettings"]["Ports"].values() if each for x in each
        ]
        assert published
        assert {x["HostIp"] for x in published} == {"127.0.0.1"}


def test_the_limits_are_in_force(inv: Docker) -> None:
    for container in inspected(inv).values():
        assert container["HostConfig"]["NanoCpus"] > 0
        assert container["HostConfig"]["Memory"] > 0


def test_the_consumer_has_no_rights(inv: Docker) -> None:
    consumer = inspected(inv)["consumer"]
    assert consumer["Config"]["User"] == "65532:65532"
    assert consumer["HostConfig"]["ReadonlyRootfs"] is True
    assert consumer["HostConfig"]["CapDrop"] == ["ALL"]


def test_every_component_becomes_healthy_by_its_own_check(inv: Docker) -> None:
    def probe() -> None:
        for name, container in inspected(inv).items():
            health = container["State"]["Health"]
            if health["Status"] != "healthy":
                raise NotReady(f"{name} is {health['Status']}: {health['Log'][-1:]}")

    wait_until(probe, what="health", deadline_seconds=_HEALTHY_SECONDS, interval_seconds=1)


def test_the_logs_are_shown(inv: Docker) -> None:
    said = inv("logs", "--component", "consumer", "--lines", "1000")
    assert said.output.startswith("== consumer (docker logs ")
    assert "started group=cdc-consumer" in said.output


def test_auto_takes_the_stack_that_is_up_else_compose(
    inv: Docker, engine: DockerEngine, tmp_path: Path
) -> None:
    def why(checkout: Checkout) -> str:
        return choose("auto", checkout, load_pipeline(checkout), Cache(tmp_path)).why

    assert why(inv.checkout) == "Using the compose stack: it is already up"
    assert why(copy_checkout(tmp_path / "other")) == f"Using the compose stack: found {engine}"


def test_another_stack_in_the_same_checkout_is_refused(inv: Docker) -> None:
    said = inv("up", "--stack", "local")
    assert said.exit_code == 3
    assert "the compose stack of this checkout is up" in said.output


def test_what_was_stopped_is_started(inv: Docker) -> None:
    docker("stop", f"{inv.project}-cdc-consumer-1")
    said = inv("up")
    assert said.exit_code == 0, said.output
    assert "consumer was stopped: starting it" in said.output


@pytest.fixture
def fresh(engine: DockerEngine, tmp_path: Path) -> Docker:
    return Docker(copy_checkout(tmp_path / "checkout"))


def test_an_image_that_is_not_to_be_had_is_one_line_and_leaves_nothing(fresh: Docker) -> None:
    before = docker("ps", "-aq")
    said = fresh("up", "--stack", "compose", env={"DOCKER_HUB": "registry.invalid"})
    assert said.exit_code == 3, said.output
    assert "cannot pull the images" in said.output
    assert "--stack local needs no images" in said.output
    assert "Traceback" not in said.output
    assert docker("ps", "-aq") == before


def test_a_port_that_is_taken_is_one_line(inv: Docker, fresh: Docker) -> None:
    status = json.loads(inv("status", "--json").output)
    taken = str(next(x["port"] for x in status if x["name"] == "postgres"))
    said = fresh("up", "--stack", "compose", env={"POSTGRES_PORT": taken})
    assert said.exit_code == 3
    assert f"port {taken} (POSTGRES_PORT) is in use" in said.output


def test_down_removes_what_an_earlier_start_left(fresh: Docker) -> None:
    # Made by Compose alone, so that no `up` of ours knows of it.
    variables = {"COMPOSE_PROJECT_NAME": fresh.project, "MONGODB_PORT": "0"}
    words = ("compose", "--project-directory", str(fresh.checkout.root), "create", "mongodb")
    docker(*words, env=variables)
    said = fresh("down", "--stack", "compose")
    assert said.output.strip() == "the stack is down"
    for kind in ("ps -a", "volume ls", "network ls"):
        label = f"label=com.docker.compose.project={fresh.project}"
        assert docker(*kind.split(), "-q", "--filter", label) == ""
    assert (fresh.checkout.stack / "logs" / "mongodb.log").is_file()
