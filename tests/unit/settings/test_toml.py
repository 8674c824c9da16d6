import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.settings import toml

# TOML is Unicode without surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_every_text_survives(text: str) -> None:
    line = f"{toml.key(text)} = {toml.quoted(text)} # {toml.comment(text)}\n"
    assert tomllib.loads(line) == {text: text}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("shop.orders", '"shop.orders"'),
        ('"Shop"."Invoice line"', """'"Shop"."Invoice line"'"""),
        ("""it's "quoted\"""", r'''"it's \"quoted\""'''),
    ],
)
def test_the_form_with_the_fewest_escapes(text: str, written: str) -> None:
    assert toml.quoted(text) == written


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("orders_2-b", "orders_2-b"),
        ("shop.orders", '"shop.orders"'),
        ('"Shop"."Orders"', '\'"Shop"."Orders"\''),
        ("größe", '"größe"'),
        ("", '""'),
    ],
)
def test_a_key_has_quotes_if_it_needs_them(name: str, key: str) -> None:
    assert toml.key(name) == key
