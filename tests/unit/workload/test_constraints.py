import pytest

from cdc_perf.workload.constraints import Rule, partition_rules, rules_of


@pytest.mark.parametrize(
    ("definition", "rules"),
    [
        ("CHECK ((qty > 0))", [Rule("qty", ">", ("0",))]),
        ("CHECK ((0 < qty))", [Rule("qty", ">", ("0",))]),
        ("CHECK ((n >= '-5'::integer)) NOT VALID", [Rule("n", ">=", ("-5",))]),
        ("CHECK ((n >= (-5)))", [Rule("n", ">=", ("-5",))]),
        ("CHECK ((price <= (99.5)::numeric(12,2)))", [Rule("price", "<=", ("99.5",))]),
        (
            "CHECK (((price >= (0)::numeric) AND (price < (100)::numeric)))",
            [Rule("price", ">=", ("0",)), Rule("price", "<", ("100",))],
        ),
        (
            "CHECK ((state = ANY (ARRAY['new'::text, 'it''s'::text])))",
            [Rule("state", "in", ("new", "it's"))],
        ),
        (
            "CHECK (((state)::text = ANY ((ARRAY['a'::character varying, 'b'::varchar])::text[])))",
            [Rule("state", "in", ("a", "b"))],
        ),
        (
            "CHECK ((state <> ALL (ARRAY['a'::text, 'b'::text])))",
            [Rule("state", "<>", ("a",)), Rule("state", "<>", ("b",))],
        ),
        ("CHECK (((a = 1) OR (a = 2)))", [Rule("a", "in", ("1", "2"))]),
        ('CHECK ((length("My Name") <= 5))', [Rule("My Name", "<=", ("5",), of_length=True)]),
        ("CHECK ((char_length((v)::text) = 2))", [Rule("v", "=", ("2",), of_length=True)]),
        ("CHECK ((ok = true)) NO INHERIT", [Rule("ok", "=", ("true",))]),
        ("CHECK ((v IS NOT NULL))", []),
        ("CHECK ((v != 3))", [Rule("v", "<>", ("3",))]),
        (
            "CHECK ((day >= '2024-01-01'::date))",
            [Rule("day", ">=", ("2024-01-01",))],
        ),
        (
            "CHECK (((VALUE >= 1) AND (VALUE <= 5)))",
            [Rule("VALUE", ">=", ("1",)), Rule("VALUE", "<=", ("5",))],
        ),
    ],
)
def test_simple_constraints_are_understood(definition: str, rules: list[Rule]) -> None:
    assert rules_of(definition) == tuple(rules)


@pytest.mark.parametrize(
    "definition",
    [
        "CHECK ((a > b))",
        "CHECK (((a > 0) OR (b > 0)))",
        "CHECK (((a > 0) OR (a < 5)))",
        "CHECK (((a > 0) AND (b > 1)) OR (c = 1))",
        "CHECK ((email ~ '^a'::text))",
        "CHECK ((lower(email) = email))",
        "CHECK ((a IS NULL))",
        "CHECK (((a + 1) > 0))",
        "CHECK ((v = E'a\\\\n'::text))",
        "CHECK ((1 = 1))",
        "CHECK ((length('abc') = 3))",
        "CHECK ((a = ANY (b)))",
        "CHECK ((a <> ALL (b)))",
        "CHECK ((a = ARRAY[b]))",
        "CHECK ((a > - b))",
        "CHECK ((a BETWEEN SYMMETRIC 1 AND 2))",
        "CHECK ((a > 0)",
        "CHECK ((a > 0)::",
        "CHECK ((a >))",
        "CHECK ((a ? 1))",
        "CHECK (((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))",
        "EXCLUDE USING gist (a WITH =)",
    ],
)
def test_others_are_not_simple(definition: str) -> None:
    assert rules_of(definition) is None


@pytest.mark.parametrize(
    ("key", "bounds", "rules"),
    [
        ("", (), ()),
        ("HASH (id)", ("FOR VALUES WITH (modulus 2, remainder 0)",), ()),
        ("RANGE (day)", ("FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')", "DEFAULT"), ()),
        (
            "RANGE (day)",
            (
                "FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
                "FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
            ),
            (Rule("day", ">=", ("2026-02-01",)), Rule("day", "<", ("2026-03-01",))),
        ),
        ('RANGE ("N")', ("FOR VALUES FROM (MINVALUE) TO (10)",), (Rule("N", "<", ("10",)),)),
        (
            "LIST (country)",
            ("FOR VALUES IN ('ch', 'it''s')", "FOR VALUES IN (7, true, NULL)"),
            (Rule("country", "in", ("ch", "it's", "7", "true")),),
        ),
        ("RANGE (a, b)", ("FOR VALUES FROM (1, 1) TO (2, 2)",), None),
        ("RANGE (a)", (), None),
        ("RANGE (a)", ("FOR VALUES IN (1)",), None),
        ("LIST (a)", ("FOR VALUES FROM (1) TO (2)",), None),
    ],
)
def test_partitions_limit_the_key(
    key: str, bounds: tuple[str, ...], rules: tuple[Rule, ...] | None
) -> None:
    assert partition_rules(key, bounds) == rules
