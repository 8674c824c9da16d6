"""PostgreSQL types and edge values of each: what the table of types is made of."""

from dataclasses import dataclass

SETUP = """
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION cube;
CREATE EXTENSION isn;
CREATE TYPE mood AS ENUM ('sad', 'glad', 'it''s "so, so"');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN short_text AS text CHECK (length(value) < 100000);
CREATE DOMAIN shorter_text AS short_text CHECK (length(value) < 50000);
CREATE DOMAIN amount AS numeric(12, 2);
CREATE DOMAIN counter AS bigint;
CREATE DOMAIN moment AS timestamptz(3);
CREATE DOMAIN clock AS time(0);
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN series AS integer[];
CREATE DOMAIN flags AS bit(8);
CREATE DOMAIN document AS jsonb;
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
"""


@dataclass(frozen=True)
class Type:
    """A type and its edge values.

    Attributes:
        sql: The type, as a column is declared.
        values: Literals, as `'...'::type` takes them.
        damaged: Those of the values that do not arrive as they are: each is a finding.
        absent: Whether Debezium does not publish the type: no document has the field.
        key: `followed` where the type can be a key that is followed to MongoDB, `refused` where
            PostgreSQL allows it as a key and the harness does not; empty where it was not tried.
        large: An SQL expression of a value that PostgreSQL stores out of line; empty where the type
            has none.
    """

    sql: str
    values: tuple[str, ...]
    key: str = ""
    large: str = ""
    damaged: tuple[str, ...] = ()
    absent: bool = False

    @property
    def column(self) -> str:
        """The column's name in the table of all types."""
        name = self.sql
        for old, new in (("[]", "_array"), ('"char"', "one_char")):
            name = name.replace(old, new)
        return "c_" + "".join(c if c.isalnum() else "_" for c in name).strip("_")

    def named_values(self) -> tuple[tuple[str, str], ...]:
        """Return each value with the name that a row's id has for it: its number."""
        return tuple((str(number), value) for number, value in enumerate(self.values, start=1))

    @property
    def damaged_ids(self) -> frozenset[str]:
        """The ids of the rows whose values do not arrive as they are."""
        names = {name for name, value in self.named_values() if value in self.damaged}
        return frozenset(f"{self.column}/{x}" for x in names | ({"large"} & {*self.damaged}))


def _many(element: str) -> str:
    """Return an array of 5,000 elements, each made of its number `i`."""
    return f"(SELECT array_agg({element}) FROM generate_series(1, 5000) i)"  # noqa: S608 - ours


def _joined(element: str, separator: str = ",") -> str:
    """Return 2,000 texts joined, each made of its number `i`."""
    joined = f"string_agg({element}, '{separator}')"
    return f"(SELECT {joined} FROM generate_series(1, 2000) i)"  # noqa: S608 - ours


_LONG = _joined("md5(i::text)", "")
_POINTS = _joined("'(' || i || ',' || i || ')'")
_X = "'x' || i"
_TIMES = ("00:00:00", "00:00:00.000001", "12:34:56.789012", "23:59:59.999999", "24:00:00")
_TIMESTAMPS = (
    "1970-01-01 00:00:00",
    "1969-12-31 23:59:59.999999",
    "2026-11-24 20:08:40.123456",
    "2000-02-29 12:00:00.5",
    "1582-10-10 00:00:00",
    "0001-01-01 00:00:00",
    "4713-01-01 00:00:00 BC",
    "0044-03-15 12:00:00 BC",
    "9999-12-31 23:59:59.999999",
    "10000-01-01 00:00:00",
    "294276-12-31 23:59:59.999999",
    "infinity",
    "-infinity",
)
_TIMESTAMPTZ = (
    *(
        x if "infinity" in x else x.replace(" BC", "") + "+00" + " BC" * x.endswith("BC")
        for x in _TIMESTAMPS
    ),
    "2026-06-24 20:08:40.12+05:30",
)
_INTERVALS = (
    "0",
    "1 microsecond",
    "1 year 2 months 3 days 04:05:06.789",
    "-1 year -2 months +3 days -04:05:06.789",
    "178000000 years",
    "infinity",
    "-infinity",
)
_INTS = ("0", "1", "-1")
_JSON = (
    '{"b": null, "a": [1, 2.50, "x"]}',
    "[]",
    "null",
    '"text"',
    "1e400",
    "12345678901234567890.123",
    '{"a": {"a": {}}}',
    '"\\u00e4 \\ud83d\\ude00"',
)
_TEXTS = (
    "",
    " ",
    "ä 😀 \u202e",
    'q"uo\\te',
    "line\nbreak\ttab",
    "null",
    "{a,b}",
    "__debezium_unavailable",
    "x" * 3000,
)
_NUMERICS = (
    "0",
    "-0.00",
    "1.50",
    "100",
    "1e10",
    "123456789012345678901234567890.123456789",
    "0.00000000000000000001",
    "1e-1000",
    "1e1000",
    "NaN",
    "Infinity",
    "-Infinity",
)
_FLOATS = ("0", "-0", "1.5", "0.1", "1e-5", "1e10", "NaN", "Infinity", "-Infinity")
_ARRAY_SHAPES = ("{}", "{NULL}", "{NULL,NULL}")

TYPES = (
    Type("boolean", ("true", "false"), key="followed"),
    Type("smallint", (*_INTS, "32767", "-32768"), key="followed"),
    Type("integer", (*_INTS, "2147483647", "-2147483648"), key="followed"),
    Type(
        "bigint",
        (*_INTS, "9223372036854775807", "-9223372036854775808", "9007199254740993"),
        key="followed",
    ),
    Type("oid", ("0", "1", "4294967295"), key="followed"),
    Type("xid", ("0", "4294967295"), absent=True),
    Type("xid8", ("0", "18446744073709551615"), key="refused", absent=True),
    Type("cid", ("0", "4294967295"), absent=True),
    Type("tid", ("(0,1)", "(4294967295,65535)"), key="refused", absent=True),
    Type(
        "real",
        (*_FLOATS, "3.4028235e38", "1.1754944e-38", "1e-45", "16777217", "0.3"),
        key="refused",
    ),
    Type(
        "double precision",
        (
            *_FLOATS,
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "5e-324",
            "0.30000000000000004",
            "123456789012345680",
        ),
        key="refused",
    ),
    Type(
        "numeric", _NUMERICS, key="followed", large="('0.' || repeat('123456789', 1700))::numeric"
    ),
    Type("numeric(12,2)", ("0", "-1.5", "9999999999.99", "NaN"), key="followed"),
    Type("numeric(5,-2)", ("12300", "-9999900", "0"), key="refused"),
    Type("numeric(30,20)", ("1234567890.12345678901234567890", "0.00000000000000000001")),
    Type("money", ("0", "-1234.56", "92233720368547758.07"), key="refused"),
    Type("text", _TEXTS, key="followed", large=_LONG),
    Type(
        "varchar(4000)", _TEXTS, key="followed", large="substr(repeat('abcdefghij', 400), 1, 4000)"
    ),
    Type("varchar", _TEXTS, key="followed", large=_LONG),
    Type("char(5)", ("", "ab", "abcde", " a"), key="followed", large=""),
    Type("char(4000)", ("", "ab"), large="substr(repeat('abcdefghij', 400), 1, 4000)"),
    Type('"char"', ("a", "", "é"), key="followed"),
    Type("name", ("a", "Ünïcode", "a b"), key="refused", damaged=("a", "Ünïcode", "a b")),
    Type("bytea", ("\\x", "\\x00ff", "\\xdeadbeef"), key="refused", large=f"{_LONG}::bytea"),
    Type(
        "date",
        (
            "1970-01-01",
            "1969-12-31",
            "2026-11-24",
            "2000-02-29",
            "1582-10-10",
            "0001-01-01",
            "0001-01-01 BC",
            "4713-01-01 BC",
            "9999-12-31",
            "10000-01-01",
            "5874897-12-31",
            "infinity",
            "-infinity",
        ),
        key="followed",
    ),
    Type("time", _TIMES, key="refused"),
    Type("time(0)", ("00:00:00", "23:59:59", "24:00:00"), key="refused"),
    Type("time(3)", ("00:00:00.001", "23:59:59.999", "24:00:00"), key="refused"),
    Type(
        "timetz",
        (
            "00:00:00+00",
            "12:34:56.789012+05:30",
            "23:59:59.999999-12",
            "24:00:00+00",
            "00:00:00+15:59:59",
        ),
        key="refused",
        damaged=("00:00:00+15:59:59",),
    ),
    Type("timestamp", _TIMESTAMPS, key="followed", damaged=("294276-12-31 23:59:59.999999",)),
    Type("timestamp(0)", _TIMESTAMPS[:10], key="followed"),
    Type("timestamp(3)", (*_TIMESTAMPS[:10], "infinity", "-infinity"), key="followed"),
    Type("timestamptz", _TIMESTAMPTZ, key="followed"),
    Type("timestamptz(0)", _TIMESTAMPTZ[:6], key="followed"),
    Type("timestamptz(3)", _TIMESTAMPTZ[:6], key="followed"),
    Type(
        "interval", _INTERVALS, key="refused", damaged=("178000000 years", "infinity", "-infinity")
    ),
    Type("interval year to month", ("1 year 2 months",)),
    Type("interval second(0)", ("1 second", "-61 seconds")),
    Type(
        "uuid",
        (
            "0b9c8f3e-0000-4000-8000-000000000000",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ),
        key="followed",
    ),
    Type("json", (*_JSON, '{"a" : 1, "a":  2}'), large=f"to_json({_LONG})"),
    Type("jsonb", _JSON, key="followed", large=f"to_jsonb({_LONG})"),
    Type(
        "jsonpath",
        ("$", '$."a"[*]?(@ > 1)'),
        large=f"('$.\"' || {_LONG} || '\"')::jsonpath",
        absent=True,
    ),
    Type(
        "inet",
        (
            "192.0.2.1",
            "192.0.2.1/24",
            "192.0.2.0/24",
            "192.0.2.1/32",
            "::1",
            "2001:db8::1/64",
            "::ffff:192.0.2.1",
        ),
        key="followed",
    ),
    Type(
        "cidr", ("192.0.2.0/24", "192.0.2.1/32", "2001:db8::/32", "::1/128", "10/8"), key="followed"
    ),
    Type("macaddr", ("08:00:2b:01:02:03",), key="followed"),
    Type("macaddr8", ("08:00:2b:ff:fe:01:02:03",), key="followed"),
    Type("bit", ("1", "0"), key="refused"),
    Type("bit(8)", ("10101010", "00000001", "00000000"), key="refused"),
    Type("bit(70)", ("1" * 70, "0" * 69 + "1"), key="refused"),
    Type(
        "varbit",
        ("", "1", "101010101", "0" * 20),
        key="refused",
        large="repeat('10', 20000)::varbit",
    ),
    Type("varbit(12)", ("", "1", "101010101"), key="refused"),
    Type("point", ("(0,0)", "(1.5,-2.5)", "(NaN,Infinity)")),
    Type("line", ("{1,2,3}",)),
    Type("lseg", ("[(0,0),(1,1)]",)),
    Type("box", ("(1,1),(0,0)",)),
    Type(
        "path",
        ("[(0,0),(1,1)]", "((0,0),(1,1),(2,0))"),
        large=f"('[' || {_POINTS} || ']')::path",
    ),
    Type(
        "polygon",
        ("((0,0),(1,1),(2,0))",),
        large=f"('(' || {_POINTS} || ')')::polygon",
    ),
    Type("circle", ("<(0,0),1>",)),
    Type(
        "tsvector",
        ("", "'a':1 'b':2A"),
        key="followed",
        large=f"to_tsvector('simple', {_joined('md5(i::text)', ' ')})",
    ),
    Type("tsquery", ("'a' & 'b'",), key="refused", absent=True),
    Type("pg_lsn", ("0/0", "FFFFFFFF/FFFFFFFF"), key="refused", absent=True),
    Type("pg_snapshot", ("10:20:10,14,15",), absent=True),
    Type("txid_snapshot", ("10:20:10,14,15",), absent=True),
    Type("regclass", ("pg_class",), key="refused", absent=True),
    Type("regtype", ("integer",), key="refused", absent=True),
    Type("regproc", ("now",), absent=True),
    Type("regrole", ("cdc",), absent=True),
    Type("refcursor", ("cursor",), absent=True),
    Type("int4range", ("empty", "[1,10)", "(,)", "[1,)"), key="followed"),
    Type("int8range", ("empty", "[1,10)", "(,)"), key="followed"),
    Type(
        "numrange",
        ("empty", "[1.5,10.25]", "(,)"),
        key="followed",
        large="numrange(0, ('0.' || repeat('123456789', 1700))::numeric, '[]')",
    ),
    Type(
        "tsrange", ("empty", '["2026-01-01 00:00:00","2026-01-02 00:00:00")', "[,]"), key="followed"
    ),
    Type(
        "tstzrange",
        ("empty", '["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")', "[-infinity,infinity]"),
        key="refused",
    ),
    Type("daterange", ("empty", "[2026-01-01,2026-01-02)", "[,]"), key="followed"),
    Type("floatrange", ("empty", "[1.5,2.5)"), key="refused", absent=True),
    Type("int4multirange", ("{}", "{[1,2),[5,9)}"), key="refused", absent=True),
    Type("int8multirange", ("{}", "{[1,2),[5,9)}"), key="refused", absent=True),
    Type("nummultirange", ("{}", "{[1.5,2.5)}"), key="refused", absent=True),
    Type(
        "tsmultirange",
        ("{}", '{["2026-01-01 00:00:00","2026-01-02 00:00:00")}'),
        key="refused",
        absent=True,
    ),
    Type(
        "tstzmultirange",
        ("{}", '{["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")}'),
        key="refused",
        absent=True,
    ),
    Type("datemultirange", ("{}", "{[2026-01-01,2026-01-02)}"), key="refused", absent=True),
    Type("mood", ("sad", "glad", 'it\'s "so, so"'), key="followed"),
    Type("pair", ('(1,"a b")', "(,)"), key="refused", large=f"ROW(1, {_LONG})::pair", absent=True),
    Type("short_text", ("", "abc"), key="followed", large=f"{_LONG}::short_text"),
    Type("shorter_text", ("", "abc"), key="followed"),
    Type("amount", ("0", "12.5", "NaN"), key="followed"),
    Type("counter", ("0", "9223372036854775807"), key="followed"),
    Type(
        "moment",
        ("2026-11-24 20:08:40.123+00", "infinity", "0044-03-15 12:00:00+00 BC"),
        key="followed",
    ),
    Type("clock", ("12:34:56", "24:00:00"), key="refused"),
    Type("feeling", ("sad",), key="followed"),
    Type("series", ("{1,2,NULL}", "{}"), large=_many("i")),
    Type("flags", ("10101010",), key="refused"),
    Type("document", ('{"a": 1}',), key="followed", large=f"to_jsonb({_LONG})"),
    Type("citext", _TEXTS, key="followed", large=f"{_LONG}::citext"),
    Type(
        "hstore",
        ("", '"a"=>"1", "b"=>NULL', '"ä \\"q"=>"x=>y"'),
        large=f"hstore({_many('i::text')}, {_many('md5(i::text)')})",
    ),
    Type(
        "ltree",
        ("", "Top.Science"),
        key="followed",
        large=f"text2ltree({_joined(_X, '.')})",
    ),
    Type("cube", ("(1,2),(3,4)",), key="refused", absent=True),
    Type("isbn", ("978-0-393-04002-9",), key="refused"),
    Type("ean13", ("978-0-393-04002-9",), key="refused", absent=True),
    Type("issn", ("1436-4522",), key="refused", absent=True),
    Type("int2vector", ("1 2 3",), damaged=("1 2 3",)),
    Type("oidvector", ("1 2 3",), damaged=("1 2 3",)),
    # Arrays.
    Type(
        "boolean[]",
        (*_ARRAY_SHAPES, "{t,f,NULL}", "{{t,f},{f,t}}"),
        large=_many("mod(i, 2) = 0"),
        damaged=("{{t,f},{f,t}}",),
    ),
    Type(
        "smallint[]",
        (*_ARRAY_SHAPES, "{1,NULL,-32768}", "{{1,2},{3,4}}"),
        large=_many("i::smallint"),
        damaged=("{{1,2},{3,4}}",),
    ),
    Type(
        "integer[]",
        (*_ARRAY_SHAPES, "{1,NULL,-2147483648}", "{{1,2},{3,4}}", "[0:1]={5,6}"),
        key="refused",
        large=_many("i"),
        damaged=("{{1,2},{3,4}}",),
    ),
    Type(
        "bigint[]",
        (*_ARRAY_SHAPES, "{1,NULL,9223372036854775807}", "{{1,2},{3,4}}"),
        large=_many("i::bigint"),
        damaged=("{{1,2},{3,4}}",),
    ),
    Type("oid[]", (*_ARRAY_SHAPES, "{1,4294967295}"), large=_many("i::oid")),
    Type(
        "real[]",
        (*_ARRAY_SHAPES, "{1.5,NULL,NaN,Infinity,-Infinity,0.1,1e-45}"),
        large=_many("i::real"),
    ),
    Type(
        "double precision[]",
        (*_ARRAY_SHAPES, "{1.5,NULL,NaN,Infinity,-Infinity,0.1,5e-324}"),
        large=_many("i::float8"),
    ),
    Type(
        "numeric[]",
        (*_ARRAY_SHAPES, "{1.50,NULL,1e10,-0.00}", "{NaN}", "{Infinity}", "{{1,2},{3,4}}"),
        large=_many("i / 7.0"),
        damaged=("{NaN}", "{Infinity}", "{{1,2},{3,4}}"),
    ),
    Type("numeric(12,2)[]", (*_ARRAY_SHAPES, "{1.50,NULL}"), large=_many("i / 7.0")),
    Type("money[]", (*_ARRAY_SHAPES, "{1.50}"), large=_many("i::money"), absent=True),
    Type(
        "text[]",
        (*_ARRAY_SHAPES, '{a,NULL,"b c","",NULL,"NULL","q\\"\\\\",ä}', "{{a,b},{c,d}}"),
        key="refused",
        large=_many("md5(i::text)"),
        damaged=("{{a,b},{c,d}}",),
    ),
    Type(
        "varchar(20)[]",
        (*_ARRAY_SHAPES, '{a,NULL,"b c",""}'),
        large=_many("substr(md5(i::text), 1, 20)::varchar(20)"),
    ),
    Type("char(5)[]", (*_ARRAY_SHAPES, "{ab,NULL}"), large=_many("i::text::char(5)")),
    Type('"char"[]', (*_ARRAY_SHAPES, "{a}"), large=""),
    Type("name[]", (*_ARRAY_SHAPES, "{a}"), large=_many("i::text::name"), absent=True),
    Type("bytea[]", (*_ARRAY_SHAPES, '{"\\\\x00ff","\\\\x"}'), large=_many("md5(i::text)::bytea")),
    Type(
        "date[]",
        (
            *_ARRAY_SHAPES,
            "{2026-11-24,NULL}",
            "{infinity,-infinity}",
            '{"0044-03-15 BC"}',
            "{5874897-12-31}",
        ),
        large=_many("'2000-01-01'::date + i"),
        damaged=("{infinity,-infinity}", '{"0044-03-15 BC"}'),
    ),
    Type(
        "time[]",
        (*_ARRAY_SHAPES, "{12:34:56.789012,NULL}", "{24:00:00}"),
        large=_many("'00:00'::time + i * interval '1 second'"),
        damaged=("{12:34:56.789012,NULL}", "{24:00:00}"),
    ),
    Type(
        "time(0)[]",
        (*_ARRAY_SHAPES, "{12:34:56}"),
        large=_many("('00:00'::time + i * interval '1 second')::time(0)"),
    ),
    Type(
        "timetz[]",
        (*_ARRAY_SHAPES, "{12:34:56.789012+05:30}"),
        large=_many("'00:00+00'::timetz + i * interval '1 second'"),
    ),
    Type(
        "timestamp[]",
        (
            *_ARRAY_SHAPES,
            '{"2026-11-24 20:08:40.123456",NULL}',
            "{infinity,-infinity}",
            '{"1582-10-14 23:59:59.999999","1582-10-15 00:00:00"}',
            '{"0044-03-15 12:00:00 BC"}',
            '{"294276-12-31 23:59:59.999999"}',
        ),
        large=_many("'2000-01-01'::timestamp + i * interval '1 day'"),
        # Debezium takes a date before 1582-10-15 as Julian.
        damaged=(
            '{"1582-10-14 23:59:59.999999","1582-10-15 00:00:00"}',
            '{"0044-03-15 12:00:00 BC"}',
            '{"294276-12-31 23:59:59.999999"}',
        ),
    ),
    Type(
        "timestamp(3)[]",
        (*_ARRAY_SHAPES, '{"2026-11-24 20:08:40.123"}'),
        large=_many("('2000-01-01'::timestamp + i * interval '1 day')::timestamp(3)"),
    ),
    Type(
        "timestamptz[]",
        (
            *_ARRAY_SHAPES,
            '{"2026-11-24 20:08:40.123456+00",NULL}',
            "{infinity,-infinity}",
            '{"0044-03-15 12:00:00+00 BC"}',
            '{"294276-12-31 23:59:59.999999+00"}',
        ),
        large=_many("'2000-01-01'::timestamptz + i * interval '1 day'"),
        damaged=("{infinity,-infinity}", '{"0044-03-15 12:00:00+00 BC"}'),
    ),
    Type(
        "interval[]",
        (*_ARRAY_SHAPES, '{"1 day"}'),
        large=_many("i * interval '1 second'"),
        absent=True,
    ),
    Type(
        "uuid[]",
        (*_ARRAY_SHAPES, "{0b9c8f3e-0000-4000-8000-000000000000,NULL}"),
        large=_many("md5(i::text)::uuid"),
    ),
    Type(
        "json[]",
        (*_ARRAY_SHAPES, '{"{\\"a\\": 1}",NULL,"null"}'),
        large=_many("to_json(md5(i::text))"),
    ),
    Type(
        "jsonb[]",
        (*_ARRAY_SHAPES, '{"{\\"a\\": 1}",NULL,"null"}'),
        large=_many("to_jsonb(md5(i::text))"),
    ),
    Type(
        "inet[]",
        (*_ARRAY_SHAPES, "{192.0.2.1,192.0.2.1/24,NULL}"),
        large=_many("'10.0.0.0'::inet + i"),
    ),
    Type("cidr[]", (*_ARRAY_SHAPES, "{192.0.2.0/24}"), large=_many("('10.0.0.0'::inet + i)::cidr")),
    Type(
        "macaddr[]",
        (*_ARRAY_SHAPES, "{08:00:2b:01:02:03}"),
        large=_many("'08:00:2b:01:02:03'::macaddr"),
    ),
    Type(
        "macaddr8[]",
        (*_ARRAY_SHAPES, "{08:00:2b:ff:fe:01:02:03}"),
        large=_many("'08:00:2b:ff:fe:01:02:03'::macaddr8"),
    ),
    Type(
        "bit(8)[]",
        (*_ARRAY_SHAPES, "{10101010}"),
        large=_many("i::bit(8)"),
        damaged=(*_ARRAY_SHAPES, "{10101010}", "large"),
    ),
    Type("varbit[]", (*_ARRAY_SHAPES, "{1,101}"), large=_many("i::bit(8)::varbit"), absent=True),
    Type("point[]", (*_ARRAY_SHAPES, '{"(1,2)"}'), large=_many("point(i, i)"), absent=True),
    Type("box[]", ("{}", "{(1,1),(0,0)}"), damaged=("{(1,1),(0,0)}",)),
    Type("polygon[]", ("{}", '{"((0,0),(1,1))"}'), damaged=('{"((0,0),(1,1))"}',)),
    Type("tsvector[]", ("{}", "{'a':1}")),
    Type("pg_lsn[]", ("{}", "{0/0}"), absent=True),
    Type("xid8[]", ("{}", "{1}"), absent=True),
    Type("int4range[]", (*_ARRAY_SHAPES, '{"[1,10)",empty}'), large=_many("int4range(i, i + 1)")),
    Type("int8range[]", (*_ARRAY_SHAPES, '{"[1,10)",empty}'), large=_many("int8range(i, i + 1)")),
    Type("numrange[]", (*_ARRAY_SHAPES, '{"[1.5,10)"}'), large=_many("numrange(i, i + 1)")),
    Type(
        "daterange[]",
        (*_ARRAY_SHAPES, '{"[2026-01-01,2026-01-02)"}'),
        large=_many("daterange('2000-01-01'::date, '2000-01-02'::date + i)"),
    ),
    Type(
        "tsrange[]",
        (*_ARRAY_SHAPES, '{"[\\"2026-01-01 00:00:00\\",\\"2026-01-02 00:00:00\\")"}'),
        large="",
    ),
    Type(
        "tstzrange[]",
        (*_ARRAY_SHAPES, '{"[\\"2026-01-01 00:00:00+00\\",\\"2026-01-02 00:00:00+00\\")"}'),
        large=_many("tstzrange('2000-01-01', '2000-01-02'::timestamptz + i * interval '1 day')"),
    ),
    Type("int4multirange[]", ("{}", '{"{[1,2)}"}'), absent=True),
    Type(
        "mood[]",
        (*_ARRAY_SHAPES, '{sad,glad,NULL,"it\'s \\"so, so\\""}'),
        large=_many("'sad'::mood"),
        damaged=("{NULL}", "{NULL,NULL}", '{sad,glad,NULL,"it\'s \\"so, so\\""}'),
    ),
    Type("pair[]", ("{}", '{"(1,a)"}'), absent=True),
    Type("short_text[]", (*_ARRAY_SHAPES, "{a}"), large="", absent=True),
    Type("amount[]", (*_ARRAY_SHAPES, "{1.50}"), large="", absent=True),
    Type("feeling[]", ("{}", "{sad}")),
    Type("citext[]", (*_ARRAY_SHAPES, "{A,NULL}"), large=_many("md5(i::text)::citext")),
    Type("hstore[]", (*_ARRAY_SHAPES, '{"\\"a\\"=>\\"1\\""}'), large=_many("hstore(i::text, 'x')")),
    Type(
        "ltree[]",
        (*_ARRAY_SHAPES, "{Top.Science}"),
        large=_many("text2ltree('x' || i)"),
        damaged=("{NULL}", "{NULL,NULL}"),
    ),
)

# The embedded PostgreSQL is built without libxml: these are tried on another one.
XML_TYPES = (
    Type(
        "xml",
        (
            "<a/>",
            '<?xml version="1.0"?><a>ä</a>',
            '<?xml version="1.0" encoding="UTF-8"?><a/>',
            "text only",
        ),
        large=f"('<a>' || {_LONG} || '</a>')::xml",
    ),
    Type(
        "xml[]", (*_ARRAY_SHAPES, "{<a/>}"), large=_many("('<a>' || i || '</a>')::xml"), absent=True
    ),
)
