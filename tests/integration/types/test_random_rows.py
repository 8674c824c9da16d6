"""Random rows of random types through the real pipeline: nothing differs, and what is altered is.

The seed is printed; `CDC_TYPES_SEED=7 pytest tests/integration/types/test_random_rows.py` runs one
again.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

import psycopg
import pytest
from psycopg import sql

from cdc_perf.integrity.snapshot import compare
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.sinks.choice import sink_of
from tests.integration.integrity_stack import Planted, planted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROWS, COLUMNS, ALTERED = 2_000, 34, 200
# Of each type a literal from a source of chance, over all that Debezium carries as it is.
Literal = Callable[[Random], str]


def _numeric(chance: Random) -> str:
    if chance.random() < 0.1:
        return chance.choice(("NaN", "Infinity", "-Infinity", "0", "-0.0"))
    digits = "".join(chance.choices("0123456789", k=chance.randint(1, 40)))
    at = chance.randint(0, len(digits))
    return (
        chance.choice(("", "-")) + (digits[:at] or "0") + ("." + digits[at:] if digits[at:] else "")
    )


def _float(chance: Random) -> str:
    if chance.random() < 0.1:
        return chance.choice(("NaN", "Infinity", "-Infinity", "0", "-0", "5e-324", "1e-45"))
    return repr(chance.uniform(-1, 1) * 10 ** chance.randint(-30, 30))


def _text(chance: Random) -> str:
    return "".join(chance.choices("aB0 ä😀\"'\\{},:%\n\t_", k=chance.randint(0, 30)))


def _year(chance: Random) -> int:
    return chance.choice(
        (chance.randint(1, 9999), chance.randint(1900, 2100), chance.randint(10_000, 200_000))
    )


def _date(chance: Random) -> str:
    if chance.random() < 0.1:
        return chance.choice(("infinity", "-infinity"))
    era = " BC" if chance.random() < 0.2 else ""
    year = chance.randint(1, 4000) if era else _year(chance)
    return f"{year:04}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}{era}"


def _time(chance: Random) -> str:
    if chance.random() < 0.05:
        return "24:00:00"
    hours, minutes, seconds = chance.randint(0, 23), chance.randint(0, 59), chance.randint(0, 59)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{chance.randint(0, 999_999):06}"


def _timestamp(chance: Random, zone: str = "") -> str:
    day = _date(chance)
    if "infinity" in day:
        return day
    before = " BC" if day.endswith("BC") else ""
    return f"{day.removesuffix(' BC')} {_time(chance)}{zone}{before}"


def _timestamptz(chance: Random) -> str:
    return _timestamp(chance, chance.choice(("+00", "+05:30", "-11", "+14")))


def _interval(chance: Random) -> str:
    def part(most: int) -> int:
        return chance.randint(-most, most)

    return (
        f"{part(100)} years {part(30)} months {part(60)} days {part(100)} hours {part(90)} minutes "
        f"{part(90)}.{chance.randint(0, 999_999):06} seconds"
    )


def _array(element: Literal, *, nulls: bool = True) -> Literal:
    def literal(chance: Random) -> str:
        items = []
        for _ in range(chance.randint(0, 6)):
            if nulls and chance.random() < 0.2:
                items.append("NULL")
            else:
                escaped = element(chance).replace("\\", "\\\\").replace('"', '\\"')
                items.append(f'"{escaped}"')
        return "{" + ",".join(items) + "}"

    return literal


def _gregorian(chance: Random) -> str:
    """Return a timestamp of an array, of which Debezium takes those before 1582 as Julian."""
    value = _finite(_timestamp)(chance)
    year, separator, rest = value.partition("-")
    return f"{max(int(year), 1583):04}{separator}{rest}"


def _finite(literal: Literal) -> Literal:
    """Return values of an array, of which Debezium sends special ones and those BC wrongly."""

    def found(chance: Random) -> str:
        while True:
            value = literal(chance)
            if not any(word in value for word in ("infinity", "Infinity", "NaN", "BC", "24:00")):
                return value

    return found


def _whole(bits: int) -> Literal:
    return lambda chance: str(chance.randint(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))


def _bits(chance: Random) -> str:
    return "".join(chance.choices("01", k=chance.randint(0, 40)))


def _pair(chance: Random) -> str:
    return f"{chance.uniform(-1e6, 1e6)!r},{chance.uniform(-1e6, 1e6)!r}"


def _uuid(chance: Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _inet(chance: Random) -> str:
    address = ".".join(str(chance.randint(0, 255)) for _ in range(4))
    return address + chance.choice(("", "/32", f"/{chance.randint(0, 31)}"))


def _json(chance: Random) -> str:
    text = "".join(chance.choices("aB0ä ", k=5))
    return f'{{"{text}": [{chance.randint(-9, 9)}, null, 1.50, "{text}"]}}'


def _hstore(chance: Random) -> str:
    return ", ".join(
        f'"{key}"=>{chance.choice(("NULL", chr(34) + "v" + key + chr(34)))}'
        for key in {"".join(chance.choices("abä", k=3)) for _ in range(chance.randint(0, 5))}
    )


def _range(chance: Random) -> str:
    low, high = sorted((chance.randint(-1000, 1000), chance.randint(-1000, 1000)))
    return chance.choice((f"[{low},{high}]", f"({low},{high})", "empty", "(,)", f"[{low},)"))


LITERALS: dict[str, Literal] = {
    "boolean": lambda chance: chance.choice("tf"),
    "smallint": _whole(16),
    "integer": _whole(32),
    "bigint": _whole(64),
    "oid": lambda chance: str(chance.getrandbits(32)),
    "real": lambda chance: repr(chance.uniform(-1, 1) * 10 ** chance.randint(-30, 30)),
    "double precision": _float,
    "numeric": _numeric,
    "numeric(20,4)": lambda chance: repr(round(chance.uniform(-1e9, 1e9), 4)),
    "numeric(9,-3)": lambda chance: str(chance.randint(-(10**11), 10**11)),
    "money": lambda chance: repr(round(chance.uniform(-1e9, 1e9), 2)),
    "text": _text,
    "varchar(40)": _text,
    "char(40)": _text,
    "bytea": lambda chance: "\\x" + chance.randbytes(chance.randint(0, 20)).hex(),
    "date": _date,
    "time": _time,
    "time(2)": _time,
    "timestamp": _timestamp,
    "timestamp(3)": _timestamp,
    "timestamptz": _timestamptz,
    "timestamptz(2)": _timestamptz,
    "interval": _interval,
    "uuid": _uuid,
    "json": _json,
    "jsonb": _json,
    "inet": _inet,
    "bit(9)": lambda chance: "".join(chance.choices("01", k=9)),
    "varbit": _bits,
    "point": lambda chance: f"({_pair(chance)})",
    "box": lambda chance: f"({_pair(chance)}),({_pair(chance)})",
    "polygon": lambda chance: "(" + ",".join(f"({_pair(chance)})" for _ in range(3)) + ")",
    "circle": lambda chance: f"<({_pair(chance)}),{chance.uniform(0, 9)!r}>",
    "int4range": _range,
    "hstore": _hstore,
    "citext": _text,
    "mood": lambda chance: chance.choice(("sad", "glad", 'it"s, so')),
    "amount": lambda chance: repr(round(chance.uniform(-1e6, 1e6), 2)),
    "moment": _timestamptz,
    "integer[]": _array(_whole(32)),
    "bigint[]": _array(_whole(64)),
    "boolean[]": _array(lambda chance: chance.choice("tf")),
    "text[]": _array(_text),
    "uuid[]": _array(_uuid),
    "double precision[]": _array(_float),
    "numeric[]": _array(_finite(_numeric)),
    "date[]": _array(_finite(_date)),
    "timestamp[]": _array(_gregorian),
    "timestamptz[]": _array(_finite(_timestamptz)),
    "inet[]": _array(_inet),
    "mood[]": _array(lambda chance: chance.choice(("sad", "glad")), nulls=False),
    "int4range[]": _array(_range),
}
SETUP = """
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('sad', 'glad', 'it"s, so');
CREATE DOMAIN amount AS numeric(12, 2);
CREATE DOMAIN moment AS timestamptz(3);
"""
SECTION = """
[[tables]]
table = "public.chance"
key = ["id"]
target = "chance"

[connector]
"""


@pytest.fixture(scope="module")
def seed() -> int:
    found = int(os.environ.get("CDC_TYPES_SEED") or secrets.randbelow(2**31))
    print(f"CDC_TYPES_SEED={found}")  # noqa: T201 - it is asked for when the test fails
    return found


@pytest.fixture(scope="module")
def kinds(seed: int) -> list[str]:
    return Random(seed).sample(sorted(LITERALS), COLUMNS)  # noqa: S311 - to be run again


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory, kinds: list[str]) -> Iterator[Planted]:
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(kinds))
    schema = (
        f"{SETUP} CREATE TABLE chance (id bigint PRIMARY KEY, {columns}); "
        "ALTER TABLE chance REPLICA IDENTITY FULL;"
    )
    with planted(tmp_path_factory.mktemp("chance") / "checkout", schema, SECTION) as found:
        yield found


def test_random_rows(pipe: Planted, kinds: list[str], seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - to be run again

    def values() -> list[str | None]:
        return [None if chance.random() < 0.1 else LITERALS[kind](chance) for kind in kinds]

    begins = pipe.checker.begin()
    holes = [sql.SQL("%s::text::{}").format(sql.SQL(kind)) for kind in kinds]
    insert = sql.SQL("INSERT INTO chance VALUES (%s, {})").format(sql.SQL(", ").join(holes))
    with psycopg.connect(pipe.endpoints.postgres_dsn) as connection:
        for number in range(ROWS):
            connection.execute(insert, (number, *values()))
            if number % 100 == 0:
                connection.commit()
        for number in chance.sample(range(ROWS), ROWS // 4):
            at = chance.randrange(COLUMNS)
            update = sql.SQL("UPDATE chance SET {} = {} WHERE id = %s").format(
                sql.Identifier(f"c{at}"), holes[at]
            )
            connection.execute(update, (LITERALS[kinds[at]](chance), number))
        for number in chance.sample(range(ROWS), ROWS // 20):
            connection.execute("DELETE FROM chance WHERE id = %s", (number,))
    integrity = pipe.check(begins)
    assert integrity.drained, integrity.drain
    assert integrity.findings == (), f"CDC_TYPES_SEED={seed}"
    (table,) = (each for each in integrity.tables if each.table == "public.chance")
    assert (table.rows, table.documents, table.not_compared) == (ROWS * 19 // 20,) * 2 + ((),)
    # And the comparison looks at what it compares: swapped values are found, each of them.
    documents = pipe.client[pipe.endpoints.mongodb_database]["chance"]
    live = [x for x in documents.find() if x["_cdc"]["op"] != "d"]
    expected: dict[str, str] = {}
    for document, other in pairwise(live[:ALTERED]):
        name = f"c{chance.randrange(COLUMNS)}"
        # Trailing spaces count for nothing in a char(n).
        if repr(document[name]).rstrip(" '") != repr(other[name]).rstrip(" '"):
            documents.update_one({"_id": document["_id"]}, {"$set": {name: other[name]}})
            expected[document["_id"]] = name
    assert len(expected) > ALTERED // 2
    differences = compare(
        pipe.endpoints.postgres_dsn,
        sink_of(pipe.pipeline, pipe.endpoints),
        pipe.pipeline,
        ConnectorFilter(),
    ).differences
    found = {each.id: each.columns[0].split()[0] for each in differences}
    assert found == expected, f"CDC_TYPES_SEED={seed}"
