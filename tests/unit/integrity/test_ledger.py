"""k6's ledger, whole and cut off."""

from pathlib import Path

import pytest

from cdc_perf.integrity.ledger import AcknowledgedWrite, read_ledger


def test_each_line_is_a_write(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text("c\tpublic.customer\ta\nd\tpublic.customer\tä b\n", encoding="utf-8")
    assert list(read_ledger(path)) == [
        AcknowledgedWrite("c", "public.customer", "a"),
        AcknowledgedWrite("d", "public.customer", "ä b"),
    ]


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text("c\tpublic.customer\ta\nc\tpublic.customer\t0b9c", encoding="utf-8")
    assert [entry.id for entry in read_ledger(path)] == ["a"]


def test_what_is_no_write_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    path.write_text("\nx\tpublic.customer\ta\nc\tpublic.customer\nc\t\ta\n", encoding="utf-8")
    assert list(read_ledger(path)) == []


def test_a_key_keeps_its_tabs_line_ends_and_backslashes(tmp_path: Path) -> None:
    # As k6/extension/ledger_test.go has it.
    path = tmp_path / "ledger.tsv"
    path.write_bytes(b"c\tpublic.customer\t1\\t2\\n3\\r4\\\\n\nu\tpublic.customer\tb\n")
    assert [entry.id for entry in read_ledger(path)] == ["1\t2\n3\r4\\n", "b"]


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
