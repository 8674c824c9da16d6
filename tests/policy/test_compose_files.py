"""What the compose files must keep, each rule with a fault that turns it red."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.component_specs import SPECS
from cdc_perf.stack.compose.containers import SERVICES
from cdc_perf.stack.compose.ports import VARIABLES

CHECKOUT = Checkout.here()
FILE = CHECKOUT.root / "docker-compose.yml"
Services = dict[str, dict[str, Any]]
_OBSERVERS = {*(spec.service for spec in SPECS if spec.observer), "otel-collector"}
# An image that holds one program has nothing to ask with.
_MUTE = {"otel-collector"}


def services() -> Services:
    """Return the services, with what they have in common merged into them."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return copy.deepcopy(content["services"])


def everything_is_on_the_loopback_interface(found: Services) -> Iterator[str]:
    for name, service in found.items():
        for port in service.get("ports", ()):
            if not re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", str(port)):
                yield f"{name} publishes {port}"
        if service.get("network_mode"):
            yield f"{name} leaves the network of its own"


def every_image_is_pinned_and_can_be_replaced(found: Services) -> Iterator[str]:
    pinned = r"\$\{(DOCKER_HUB|QUAY):-[a-z.]+\}/[a-z/-]+:\$\{[A-Z0-9]+_TAG:-v?\d[\w.-]*\}"
    for name, service in found.items():
        image = service.get("image") or service["build"]["args"]["PYTHON_IMAGE"]
        if not re.fullmatch(pinned, image):
            yield f"{name} runs {image}"


def every_component_is_asked_for_its_health(found: Services) -> Iterator[str]:
    for name, service in found.items():
        check = service.get("healthcheck", {})
        if name in _MUTE:
            continue
        if check.get("test", ["NONE"])[0] not in {"CMD", "CMD-SHELL"}:
            yield f"{name} has no health check"
        elif not {"interval", "timeout", "retries", "start_period"} <= set(check):
            yield f"the health check of {name} has no limits"


def every_health_check_is_known_to_each_supported_compose(found: Services) -> Iterator[str]:
    for name, service in found.items():
        # Compose 2.24 to 5.0 refuse it for an engine before Docker 25, older ones in any case.
        if "start_interval" in service.get("healthcheck", {}):
            yield f"the health check of {name} has a start_interval"


def every_component_is_limited(found: Services) -> Iterator[str]:
    for name, service in found.items():
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if not {"cpus", "memory"} <= set(limits):
            yield f"{name} may use all there is"
        if "max-size" not in service.get("logging", {}).get("options", {}):
            yield f"the log of {name} can fill the disk"


def no_secret_stands_in_the_file(found: Services) -> Iterator[str]:
    for name, service in found.items():
        for variable in service.get("environment", {}):
            if re.search(r"PASSWORD|SECRET|TOKEN", variable):
                yield f"{name} is given {variable}"


def the_load_needs_no_observer(found: Services) -> Iterator[str]:
    for name, service in found.items():
        if (name in _OBSERVERS) != bool(service.get("profiles")):
            yield f"{name} is in the wrong profile"
        if set(service.get("depends_on", ())) & _OBSERVERS and name not in _OBSERVERS:
            yield f"{name} waits for an observer"


RULES: tuple[Callable[[Services], Iterator[str]], ...] = (
    everything_is_on_the_loopback_interface,
    every_image_is_pinned_and_can_be_replaced,
    every_component_is_asked_for_its_health,
    every_health_check_is_known_to_each_supported_compose,
    every_component_is_limited,
    no_secret_stands_in_the_file,
    the_load_needs_no_observer,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_compose_file_keeps_it(rule: Callable[[Services], Iterator[str]]) -> None:
    assert list(rule(services())) == []


FAULTS: tuple[tuple[Callable[[Services], Iterator[str]], dict[str, Any]], ...] = (
    (everything_is_on_the_loopback_interface, {"ports": ["9092:9092"]}),
    (everything_is_on_the_loopback_interface, {"ports": ["0.0.0.0:${KAFKA_PORT:-9092}:9092"]}),
    (everything_is_on_the_loopback_interface, {"network_mode": "host"}),
    (every_image_is_pinned_and_can_be_replaced, {"image": "apache/kafka:4.3.1"}),
    (
        every_image_is_pinned_and_can_be_replaced,
        {"image": "${DOCKER_HUB:-docker.io}/apache/kafka:${KAFKA_TAG:-latest}"},
    ),
    (every_component_is_asked_for_its_health, {"healthcheck": {}}),
    (every_health_check_is_known_to_each_supported_compose, {"healthcheck": {"start_interval": 1}}),
    (every_component_is_asked_for_its_health, {"healthcheck": {"test": ["NONE"]}}),
    (every_component_is_asked_for_its_health, {"healthcheck": {"test": ["CMD", "true"]}}),
    (every_component_is_limited, {"deploy": {"resources": {"limits": {"cpus": "1.0"}}}}),
    (every_component_is_limited, {"logging": {}}),
    (no_secret_stands_in_the_file, {"environment": {"KAFKA_SSL_KEY_PASSWORD": "x"}}),
    (the_load_needs_no_observer, {"profiles": ["observe"]}),
    (the_load_needs_no_observer, {"depends_on": {"prometheus": {}}}),
)


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_a_fault_breaks_its_rule(
    rule: Callable[[Services], Iterator[str]], fault: dict[str, Any]
) -> None:
    planted = services()
    planted["kafka"] |= fault
    assert list(rule(planted))


def test_the_harness_knows_the_services_and_their_ports() -> None:
    found = services()
    assert set(SERVICES.values()) == set(found) - _OBSERVERS
    published = {
        variable
        for service in found.values()
        for port in service.get("ports", ())
        for variable in re.findall(r"\{([A-Z]+_PORT)", port)
    }
    assert published == set(VARIABLES.values())


def test_connects_group_is_no_consumers() -> None:
    group = services()["kafka-connect"]["environment"]["GROUP_ID"]
    text = CHECKOUT.pipeline_file.read_text(encoding="utf-8")
    assert f'consumer_group = "{group}"' not in text


def test_the_consumers_image_is_made_of_what_is_not_ignored() -> None:
    ignored = (CHECKOUT.root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(
        r"^COPY (?!--from)(\S+)", (CHECKOUT.root / "src" / "Dockerfile").read_text(), re.MULTILINE
    )
    assert copied
    for path in copied:
        assert any(path.startswith(line.removeprefix("!")) for line in ignored if line[0] == "!")
