from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.init.dump import DumpEntry, dump_schema, find_pg_dump, parse_dump
from cdc_perf.settings.table_name import TableName
from tests.unit.init.dumps import TEXT

EMBEDDED = Path("/embedded/pg_dump")


def test_a_dump_is_divided_into_its_objects() -> None:
    dump = parse_dump(TEXT)
    assert [str(entry) for entry in dump.entries] == [
        "schema shop",
        "extension postgis",
        "comment EXTENSION postgis",
        "function shop.lines(text)",
        "table shop.geom",
        "constraint shop.geom geom_pkey",
        "index shop.on_g",
    ]
    assert dump.entries[0] == DumpEntry("SCHEMA", "shop", "", "CREATE SCHEMA shop;")


def test_the_settings_are_those_that_every_server_has() -> None:
    assert parse_dump(TEXT).settings.splitlines() == [
        "SET client_encoding = 'UTF8';",
        "SELECT pg_catalog.set_config('search_path', '', false);",
    ]


def test_the_commands_of_psql_are_left_out_and_nothing_else() -> None:
    texts = [entry.text for entry in parse_dump(TEXT).entries]
    assert not any(r"\restrict XYZ" in text or r"\unrestrict" in text for text in texts)
    assert "-- Name: not an entry\nSELECT E'\n\\restricted is no command'" in texts[3]
    assert texts[-1] == "CREATE INDEX on_g ON shop.geom USING btree (id);"


def test_an_empty_database_has_settings_alone() -> None:
    dump = parse_dump("--\n-- PostgreSQL database dump\n--\n\nSET row_security = off;\n")
    assert (dump.settings, dump.entries) == ("SET row_security = off;", ())


def completed(output: str, code: int = 0) -> process.Completed:
    return process.Completed(("pg_dump",), code, output, ())


@pytest.mark.parametrize(
    ("server", "found"), [(150014, EMBEDDED), (180099, EMBEDDED), (190001, Path("/bin/pg_dump"))]
)
def test_a_pg_dump_is_not_older_than_the_server(
    monkeypatch: pytest.MonkeyPatch, server: int, found: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/bin/pg_dump")
    monkeypatch.setattr(
        process, "run", lambda *_, **__: completed("pg_dump (PostgreSQL) 19.0 (Debian 19.0-1)")
    )
    assert find_pg_dump(EMBEDDED, 18, server) == found


@pytest.mark.parametrize("installed", ["/bin/pg_dump", None])
def test_no_pg_dump_is_new_enough(monkeypatch: pytest.MonkeyPatch, installed: str | None) -> None:
    monkeypatch.setattr("shutil.which", lambda _: installed)
    monkeypatch.setattr(process, "run", lambda *_, **__: completed("pg_dump (PostgreSQL) 18.6"))
    with pytest.raises(StackFailure, match="the server is PostgreSQL 19") as caught:
        find_pg_dump(EMBEDDED, 18, 190000)
    assert "install the client programs of PostgreSQL 19" in caught.value.hint


def test_the_password_is_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def run(argv: list[object], **options: object) -> process.Completed:
        words = [str(word) for word in argv]
        seen.update(argv=words, env=options["env"])
        Path(words[words.index("--file") + 1]).write_text(TEXT, encoding="utf-8")
        return completed("")

    monkeypatch.setattr(process, "run", run)
    dsn = "host=db.test password=hunter2 options='-c work_mem=1MB'"
    dump_schema(EMBEDDED, dsn, [TableName("shop", 'a"b*')])
    assert seen["env"] == {"PGPASSWORD": "hunter2"}
    words = seen["argv"]
    assert isinstance(words, list)
    assert "hunter2" not in " ".join(words)
    assert '--exclude-table="shop"."a""b*"' in words
    assert "-c work_mem=1MB -c default_transaction_read_only=on" in words[-1]
    expected = {"--schema-only", "--no-owner", "--no-privileges", "--no-publications"}
    assert expected <= set(words)


def test_a_failure_shows_the_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    output = "pg_dump: detail: before\npg_dump: error: permission denied for table secret"
    monkeypatch.setattr(process, "run", lambda *_, **__: completed(output, 1))
    with pytest.raises(StackFailure) as caught:
        dump_schema(EMBEDDED, "host=db.test")
    assert caught.value.message == "pg_dump failed: error: permission denied for table secret"
    assert caught.value.detail == ("pg_dump: detail: before",)


def test_what_alters_a_table_is_an_object_of_its_own() -> None:
    statements = (
        "CREATE TABLE shop.a (\n    note text DEFAULT ';\nALTER'\n);",
        "ALTER TABLE ONLY shop.a ALTER COLUMN note SET (of_another_server=1);",
        "ALTER TABLE ONLY shop.a REPLICA IDENTITY FULL;",
    )
    head = "--\n-- Name: a; Type: TABLE; Schema: shop; Owner: -\n--\n\n"
    found = parse_dump(head + "\n".join(statements)).entries
    assert tuple(each.text for each in found) == statements
    assert [str(each) for each in found] == ["table shop.a", *["alter table shop.a"] * 2]
