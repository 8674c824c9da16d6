"""The sink Kafka, when only the rows of a run are compared: older records are not read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.cimpl import Message

from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.records import FindingKind, Integrity, Scope
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.stack.sinks import kafka
from cdc_perf.stack.topic_windows import messages
from tests.pipelines.conftest import Site, site_of

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]
OLD, NEW = 3000, 5


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp("kafka-only"), "kafka-only") as found:
        yield found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the offsets that are read to compare."""
    offsets: list[int] = []

    def noted(*arguments: object) -> Iterator[Message]:
        for message in messages(*arguments):  # type: ignore[arg-type]
            offsets.append(int(message.offset() or 0))
            yield message

    monkeypatch.setattr(kafka, "messages", noted)
    return offsets


def checked(site: Site, begins: StartOffsets, folder: Path, keys: list[str]) -> Integrity:
    ledger = folder / "ledger.tsv"
    ledger.write_text("".join(f"c\tpublic.customer\t{key}\n" for key in keys), encoding="utf-8")
    checker = Checker(
        site.pipeline, site.endpoints, deadline_seconds=15, scope=Scope.RUN, shared=True
    )
    return checker.check(begins, ledger, quiet=True)


def test_the_records_of_the_run_are_read(site: Site, read: list[int], tmp_path: Path) -> None:
    old = site.insert(OLD)
    begins = Checker(site.pipeline, site.endpoints).begin()
    new = site.insert(NEW)
    found = checked(site, begins, tmp_path, new)
    assert (found.findings, found.scope, found.unchecked) == ((), Scope.RUN, "")
    customers = next(each for each in found.tables if each.table == "public.customer")
    assert (customers.rows, customers.documents) == (NEW, NEW)
    assert min(read) >= begins["cdc.public.customer", 0] > OLD
    # A row of the run without a record since its beginning is lost.
    lost = checked(site, begins, tmp_path, [*new, old[0]])
    kinds = {(each.kind, each.samples[0].id) for each in lost.findings}
    assert (FindingKind.MISSING, old[0]) in kinds
