from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.init.address import PROMPT, source_dsn

HERE = Path("/somewhere")
DSN = "host=db.test user=reader dbname=shop"


def test_the_option_comes_before_the_environment() -> None:
    assert source_dsn(DSN, {"CDC_POSTGRES_DSN": "host=other.test"}, HERE, None) == DSN


def test_the_environment_may_contain_a_password() -> None:
    url = "postgresql://reader:hunter2@db.test/shop"
    assert source_dsn("", {"CDC_POSTGRES_DSN": url}, HERE, None) == url


@pytest.mark.parametrize(
    "given",
    [
        "host=db.test password=hunter2",
        "postgresql://reader:hunter2@db.test/shop",
        "postgresql://db.test/shop?user=reader&password=hunter2",
        "postgresql://db.test/shop?sslpassword=hunter2",
        "host=db.test password = 'hunter2",
    ],
)
def test_a_password_on_the_command_line_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(UsageFailure) as caught:
        source_dsn(given, {}, HERE, None)
    assert str(caught.value).startswith("--from: contains a password")
    assert "hunter2" not in str(caught.value)
    for way in ("CDC_POSTGRES_DSN", "PGPASSWORD", "PGPASSFILE", "passfile=PATH", "prompt"):
        assert way in caught.value.hint


def test_without_either_the_terminal_is_asked() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return f"{DSN}\n"

    assert source_dsn("", {}, HERE, ask) == DSN
    assert asked == [PROMPT]


def test_an_answer_with_a_password_is_refused() -> None:
    with pytest.raises(UsageFailure, match=r"^the address: contains a password"):
        source_dsn("", {}, HERE, lambda _: "host=db.test password=hunter2")


def test_without_a_terminal_the_option_is_needed() -> None:
    with pytest.raises(UsageFailure, match=r"^--from is missing") as caught:
        source_dsn("", {}, HERE, None)
    assert "CDC_POSTGRES_DSN" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("not an address", "--from: is not a PostgreSQL address"),
        ("dbname=shop", "--from: is not a PostgreSQL address"),
        ("host=db.test sslrootcert=gone.pem", "--from: sslrootcert: /somewhere/gone.pem does not"),
    ],
)
def test_an_address_that_is_wrong(given: str, line: str) -> None:
    with pytest.raises(UsageFailure) as caught:
        source_dsn(given, {}, HERE, None)
    assert str(caught.value).startswith(line)


def test_the_environment_names_its_variable_in_errors() -> None:
    with pytest.raises(UsageFailure, match=r"^CDC_POSTGRES_DSN: is not a PostgreSQL address"):
        source_dsn("", {"CDC_POSTGRES_DSN": "shop"}, HERE, None)


def test_a_passphrase_that_only_a_command_line_takes_is_refused() -> None:
    with pytest.raises(UsageFailure, match="pg_dump cannot use sslpassword"):
        source_dsn("", {"CDC_POSTGRES_DSN": f"{DSN} sslpassword=hunter2"}, HERE, None)
