from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.choice import StackChoice, choose
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.tools.cache import Cache


class Docker:
    def __str__(self) -> str:
        return "Docker 28.2.2 with Compose 2.40.0"


def no_docker() -> Docker:
    raise StackFailure("docker is not on PATH", hint="install Docker")


@pytest.mark.parametrize(
    ("name", "finder", "why"),
    [
        ("auto", no_docker, "Using the local stack: docker is not on PATH"),
        ("auto", Docker, "Using the compose stack: found Docker 28.2.2 with Compose 2.40.0"),
        ("local", Docker, "Using the local stack, as requested"),
        ("compose", no_docker, "Using the compose stack, as requested"),
    ],
)
def test_a_stack_is_chosen_and_says_why(
    tmp_path: Path, pipeline: Pipeline, name: str, finder: type[Docker], why: str
) -> None:
    choice = choose(name, Checkout.at(tmp_path, {}), pipeline, Cache(tmp_path), finder)
    assert (choice.backend.name, choice.why) == (why.split()[2], why)


def test_an_unknown_stack_is_answered_with_those_near_it(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    with pytest.raises(UsageFailure, match=r"unknown stack 'locl'; did you mean local\?$"):
        choose("locl", Checkout.at(tmp_path, {}), pipeline, Cache(tmp_path), no_docker)


@pytest.fixture
def with_local_up(
    tmp_path: Path, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> Checkout:
    checkout = Checkout.at(tmp_path, {})
    msgspec.structs.replace(endpoints, stack="local").write(checkout.endpoints_file)
    monkeypatch.setattr(LocalStack, "endpoints", lambda _: endpoints)
    return checkout


def chosen(name: str, checkout: Checkout, pipeline: Pipeline) -> StackChoice:
    return choose(name, checkout, pipeline, Cache(checkout.root), Docker)


def test_auto_takes_the_stack_that_is_up(with_local_up: Checkout, pipeline: Pipeline) -> None:
    choice = chosen("auto", with_local_up, pipeline)
    choice.ensure_only_stack()
    assert choice.why == "Using the local stack: it is already up"


def test_an_external_stack_is_none_of_the_checkouts(
    with_local_up: Checkout, pipeline: Pipeline
) -> None:
    choice = chosen("external", with_local_up, pipeline)
    choice.ensure_only_stack()
    assert choice.backend.name == "external"


def test_a_second_stack_in_one_checkout_is_refused(
    with_local_up: Checkout, pipeline: Pipeline
) -> None:
    with pytest.raises(StackFailure, match="the local stack of this checkout is up") as caught:
        chosen("compose", with_local_up, pipeline).ensure_only_stack()
    assert "inv down --stack local" in caught.value.hint


def test_a_stack_that_left_its_addresses_but_is_gone_blocks_nothing(
    with_local_up: Checkout, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalStack, "endpoints", lambda _: None)
    choice = chosen("compose", with_local_up, pipeline)
    choice.ensure_only_stack()
    assert choice.backend.name == "compose"
