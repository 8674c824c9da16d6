"""Settings of a database that change how values are printed."""

from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.stack import source
from cdc_perf.stack.checks.capture import expect_capturable
from tests.integration.integrity_stack import planted

pytestmark = pytest.mark.slow

SCHEMA = """
ALTER DATABASE cdc SET TimeZone = 'Asia/Kathmandu';
ALTER DATABASE cdc SET DateStyle = 'German, DMY';
CREATE TABLE printed (
    id int PRIMARY KEY, bytes bytea, day date, at timestamptz, number float8, span tstzrange,
    short real, elapsed interval
);
"""
SECTION = """
[[tables]]
table = "public.printed"
key = ["id"]
target = "printed"

[connector]
"""
HARMFUL = {"bytea_output": "escape", "IntervalStyle": "sql_standard", "extra_float_digits": "-3"}


def test_settings_of_the_database(tmp_path: Path) -> None:
    with planted(tmp_path / "checkout", SCHEMA, SECTION) as pipe:
        begins = pipe.checker.begin()
        pipe.execute(
            "INSERT INTO printed VALUES (1, decode('00ff5c27', 'hex'), DATE '2026-03-04', "
            "TIMESTAMPTZ '2026-11-24 20:08:40.12+01', 0.1::float8 + 0.2, "
            "tstzrange('2026-01-01 00:00:00+00', '2026-01-02 00:00:00+00'), 0.3, "
            "INTERVAL '1 year 2 mons -3 days 04:05:06.7')"
        )
        integrity = pipe.check(begins)
        assert integrity.drained, integrity.drain
        assert integrity.findings == ()
        # Those that Debezium cannot live with are refused, each by its name.
        for setting, value in HARMFUL.items():
            pipe.execute(f"ALTER DATABASE cdc SET {setting} = '{value}'")
            with (
                source.connect(pipe.endpoints.postgres_dsn) as connection,
                pytest.raises(StackFailure, match=setting) as refused,
            ):
                expect_capturable(connection, pipe.pipeline)
            assert refused.value.code is ExitCode.STACK
            # The comparison itself prints in its own way.
            assert pipe.check(pipe.checker.begin()).findings == ()
            pipe.execute(f"ALTER DATABASE cdc RESET {setting}")
