from pathlib import Path

import pytest

from scripts.errors import UsageFailure
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack.choice import choose
from scripts.tools.cache import Cache


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("auto", "stack: local, the only one there is so far"),
        ("local", "stack: local, as asked for"),
    ],
)
def test_a_stack_is_chosen_and_says_why(
    tmp_path: Path, pipeline: Pipeline, name: str, why: str
) -> None:
    choice = choose(name, Checkout.at(tmp_path, {}), pipeline, Cache(tmp_path))
    assert (choice.backend.name, choice.why) == ("local", why)


def test_an_unknown_stack_is_answered_with_those_near_it(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    with pytest.raises(UsageFailure, match=r"unknown stack 'locl'; did you mean local\?$"):
        choose("locl", Checkout.at(tmp_path, {}), pipeline, Cache(tmp_path))
