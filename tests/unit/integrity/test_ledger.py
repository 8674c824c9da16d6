"""k6's ledger, whole and cut off."""

from pathlib import Path

import pytest

from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival, read_ledger


def test_each_line_is_a_write(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text("c\tpublic.customer\ta\nd\tpublic.customer\tä b\n", encoding="utf-8")
    assert list(read_ledger(path)) == [
        AcknowledgedWrite("c", "public.customer", "a", None, 1),
        AcknowledgedWrite("d", "public.customer", "ä b", None, 2),
    ]


def test_writes_and_arrivals_have_times(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text(
        "c\tpublic.customer\ta\t1764022834123456\n"
        "s\tpublic.customer\ta\t1764022834140000\tc\n"
        "u\tpublic.customer\ta\t1764022834150000\n",
        encoding="utf-8",
    )
    assert list(read_ledger(path)) == [
        AcknowledgedWrite("c", "public.customer", "a", 1_764_022_834_123_456, 1),
        Arrival("c", "public.customer", "a", 1_764_022_834_140_000, 2),
        AcknowledgedWrite("u", "public.customer", "a", 1_764_022_834_150_000, 3),
    ]


@pytest.mark.parametrize("time", ["", "0", "soon", "-1", "1.5", "1" * 19, "\u0663"])
def test_a_write_without_a_readable_time_is_a_write_and_an_arrival_is_none(
    tmp_path: Path, time: str
) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text(
        f"c\tpublic.customer\ta\t{time}\ns\tpublic.customer\ta\t{time}\tc\n", encoding="utf-8"
    )
    assert list(read_ledger(path)) == [AcknowledgedWrite("c", "public.customer", "a", None, 1)]


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text("c\tpublic.customer\ta\nc\tpublic.customer\t0b9c", encoding="utf-8")
    assert [entry.id for entry in read_ledger(path)] == ["a"]


def test_what_is_no_write_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    lines = (
        *("", "x\tpublic.customer\ta", "c\tpublic.customer", "c\t\ta", "c\tpublic.customer\t\t1"),
        # An arrival without its operation, without a key, and of an operation that does not exist.
        *("s\tpublic.customer\ta\t1", "s\tpublic.customer\t\t1\tc", "s\tpublic.customer\ta\t1\tr"),
        # A line that a killed k6 did not finish, and the next one behind it.
        "c\tpublic.custc\tpublic.customer\ta\t1",
    )
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert list(read_ledger(path)) == []


def test_a_key_keeps_its_tabs_line_ends_and_backslashes(tmp_path: Path) -> None:
    # As k6/extension/ledger_test.go has it.
    path = tmp_path / "ledger.tsv"
    key = rb"1\t2\n3\r4\\n"
    path.write_bytes(
        b"c\tpublic.customer\t%b\ns\tpublic.customer\t%b\t5\tc\nu\tpublic.customer\tb\n"
        % (key, key)
    )
    assert [entry.id for entry in read_ledger(path)] == [*["1\t2\n3\r4\\n"] * 2, "b"]


def test_no_ledger_is_no_writes(tmp_path: Path) -> None:
    assert list(read_ledger(tmp_path / "ledger.tsv")) == []


@pytest.mark.parametrize(
    ("written", "spelled"),
    [('"public"."customer"', "public.customer"), ("customer", "customer"), ("a.b.c", "a.b.c")],
)
def test_a_table_has_one_spelling_and_a_name_that_is_none_is_kept(
    tmp_path: Path, written: str, spelled: str
) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text(f"c\t{written}\ta\n", encoding="utf-8")
    assert [entry.table for entry in read_ledger(path)] == [spelled]
