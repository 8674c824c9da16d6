"""Tables with names that need quotes, from PostgreSQL to the integrity check and back."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pymongo import MongoClient

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import FindingKind
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv

pytestmark = pytest.mark.slow

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS "Shop";
CREATE SCHEMA IF NOT EXISTS "my.shop";
CREATE TABLE IF NOT EXISTS "Invoice" (id uuid PRIMARY KEY, note text);
CREATE TABLE IF NOT EXISTS invoice (id uuid PRIMARY KEY, note text);
CREATE TABLE IF NOT EXISTS "Shop"."Invoice line" (id uuid PRIMARY KEY, note text);
CREATE TABLE IF NOT EXISTS "my.shop"."a.b$c,d (x)" (id uuid PRIMARY KEY, note text);
CREATE TABLE IF NOT EXISTS "Größe_日本" (id uuid PRIMARY KEY, note text);
CREATE TABLE IF NOT EXISTS "q""uote" (id uuid PRIMARY KEY, note text);
"""
NAMES = (
    "public.Invoice",
    "public.invoice",
    'Shop."Invoice line"',
    '"my.shop"."a.b$c,d (x)"',
    "public.Größe_日本",
    'public."q""uote"',
)
TABLES = "".join(
    f"[[tables]]\ntable = '{name}'\nkey = ['id']\ntarget = 'quoted_{number}'\n\n"
    for number, name in enumerate(NAMES)
)


@dataclass(frozen=True)
class Quoted:
    """A stack with these tables, and its addresses."""

    inv: Inv
    endpoints: Endpoints

    @property
    def tables(self) -> tuple[Table, ...]:
        return load_pipeline(self.inv.checkout).tables[-len(NAMES) :]


def add_tables(inv: Inv) -> None:
    settings, checkout = inv.checkout.pipeline_file, inv.checkout
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[connector]", f"{TABLES}[connector]", 1), encoding="utf-8")
    with (checkout.pipeline / "schema.sql").open("a", encoding="utf-8") as stream:
        stream.write(SCHEMA)


@pytest.fixture(scope="module")
def quoted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quoted]:
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("quoted") / "checkout"))
    add_tables(inv)
    try:
        completed = inv("up", "--stack", "local")
        assert completed.exit_code == 0, completed.last_lines
        endpoints = Endpoints.read(inv.checkout.endpoints_file, "local")
        assert endpoints is not None
        yield Quoted(inv, endpoints)
    finally:
        inv("down", "--stack", "local")


@pytest.fixture(scope="module")
def written(quoted: Quoted) -> dict[str, str]:
    """Insert, update and delete a row of each table; return the `_id` of those that stay."""
    kept = {}
    with psycopg.connect(quoted.endpoints.postgres_dsn, autocommit=True) as connection:
        for table in quoted.tables:
            stays, goes = str(uuid.uuid4()), str(uuid.uuid4())
            name = sql.Identifier(*table.name)
            insert = sql.SQL("INSERT INTO {} VALUES (%s, 'x'), (%s, 'x')").format(name)
            connection.execute(insert, (stays, goes))
            update = sql.SQL("UPDATE {} SET note = 'y' WHERE id = %s").format(name)
            connection.execute(update, (stays,))
            connection.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(name), (goes,))
            kept[table.target] = stays
    client: MongoClient[dict[str, object]] = MongoClient(quoted.endpoints.mongodb_uri)

    def arrived() -> None:
        for collection, identity in kept.items():
            found = list(client[quoted.endpoints.mongodb_database][collection].find())
            live = {x["_id"]: x.get("note") for x in found if x["_cdc"]["op"] != "d"}  # type: ignore[index]
            if len(found) != 2 or live != {identity: "y"}:
                raise NotReady(f"{collection}: {found}")

    wait_until(arrived, what="the documents", deadline_seconds=30)
    client.close()
    return kept


def test_each_table_has_its_documents_and_nothing_is_found_amiss(
    quoted: Quoted, written: dict[str, str]
) -> None:
    assert written.keys() == {table.target for table in quoted.tables}
    completed = quoted.inv("integrity", "--stack", "local")
    assert completed.exit_code == ExitCode.PASS, completed.output


def test_what_is_altered_in_any_of_them_is_found(quoted: Quoted, written: dict[str, str]) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(quoted.endpoints.mongodb_uri)
    database = client[quoted.endpoints.mongodb_database]
    for collection, identity in written.items():
        database[collection].update_one({"_id": identity}, {"$set": {"note": "z"}})
    completed = quoted.inv("integrity", "--stack", "local", "--json")
    for collection, identity in written.items():
        database[collection].update_one({"_id": identity}, {"$set": {"note": "y"}})
    client.close()
    assert completed.exit_code == ExitCode.FAIL
    for table in quoted.tables:
        assert table.table.replace('"', '\\"') in completed.output
    assert completed.output.count(f'"{FindingKind.CONTENT}"') == len(NAMES)


def test_they_are_an_external_stack_to_another_checkout(
    quoted: Quoted, written: dict[str, str], tmp_path: Path
) -> None:
    assert written
    other = Inv(copy_checkout(tmp_path / "checkout"))
    add_tables(other)
    names = ("postgres_dsn", "kafka_bootstrap", "connect_url", "mongodb_uri", "consumer_url")
    given = {f"CDC_{name.upper()}": getattr(quoted.endpoints, name) for name in names}
    for words in ("up", "integrity", "connector.deploy", "integrity"):
        completed = other(words, "--stack", "external", "--yes", env=given)
        assert completed.exit_code == ExitCode.PASS, (words, completed.last_lines)

    def edited(old: str, new: str) -> ExitCode:
        text = other.checkout.pipeline_file.read_text(encoding="utf-8")
        assert old in text
        other.checkout.pipeline_file.write_text(text.replace(old, new), encoding="utf-8")
        try:
            return ExitCode(other("up", "--stack", "external", "--yes", env=given).exit_code)
        finally:
            other.checkout.pipeline_file.write_text(text, encoding="utf-8")

    # What the connector, the publication and the catalog there contradict.
    assert edited('topic_prefix = "cdc"', 'topic_prefix = "other"') is ExitCode.USAGE
    assert edited("public.Invoice", "public.INVOICE") is ExitCode.USAGE
    assert edited("key = ['id']", "key = ['note']") is ExitCode.USAGE
    assert edited('publication = "cdc_publication"', 'publication = "x"') is ExitCode.USAGE
    assert edited("'quoted_0'", "'Customer'") is ExitCode.USAGE


def test_settings_that_the_running_stack_has_not_are_refused(quoted: Quoted) -> None:
    settings = quoted.inv.checkout.pipeline_file
    text = settings.read_text(encoding="utf-8")
    added = '[[tables]]\ntable = "public.added"\nkey = ["id"]\ntarget = "added"\n\n[connector]'
    try:
        for old, new in (("[connector]", added), ('slot = "cdc_slot"', 'slot = "other"')):
            settings.write_text(text.replace(old, new, 1), encoding="utf-8")
            perf = ("perf", "--scenarios", "baseline", "--duration", "5s")
            for words in (("up",), ("connector.deploy",), perf):
                completed = quoted.inv(*words, "--stack", "local")
                assert completed.exit_code == ExitCode.STACK, (words, completed.last_lines)
    finally:
        settings.write_text(text, encoding="utf-8")
    assert quoted.inv("up", "--stack", "local").exit_code == 0
    assert not quoted.inv.runs()
