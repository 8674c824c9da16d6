"""What of a table's columns the connector's configuration leaves out or changes."""

import pytest

from cdc_perf.stack.carried import ConnectorFilter


@pytest.mark.parametrize(
    ("config", "excluded", "masked"),
    [
        ({}, set(), set()),
        ({"column.exclude.list": "public.t.a"}, {"a"}, set()),
        # Patterns, whatever the case, for the whole name.
        ({"column.exclude.list": r"PUBLIC\.T\.[AB], public.t"}, {"a", "b"}, set()),
        ({"column.include.list": "public.t.a,public.t.b"}, {"c"}, set()),
        ({"column.include.list": ""}, set(), set()),
        ({"column.mask.with.4.chars": "public.t.a"}, set(), {"a"}),
        ({"column.mask.hash.SHA-256.with.salt.x": "public.t.b"}, set(), {"b"}),
        ({"column.mask.hash.v2.SHA-256.with.salt.x": "public.t.b"}, set(), {"b"}),
        ({"column.truncate.to.3.chars": ".*"}, set(), {"a", "b", "c"}),
        # What only Java understands counts as the name that it spells.
        ({"column.exclude.list": r"public\.t\.\p{Lower}"}, set(), set()),
    ],
)
def test_columns(config: dict[str, str], excluded: set[str], masked: set[str]) -> None:
    found = ConnectorFilter.of(config)
    columns = "abc"
    assert {x for x in columns if found.excludes(f"public.t.{x}")} == excluded
    assert {x for x in columns if found.masks(f"public.t.{x}")} == masked
