"""What the findings of the integrity check make of a verdict."""

import re
from dataclasses import replace

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.check import excuse, unchecked
from cdc_perf.integrity.records import (
    LOSSES,
    ROWS,
    Cut,
    Drain,
    Finding,
    FindingKind,
    Integrity,
    LastSeen,
    RowSample,
    Scope,
    SinkType,
    TableCompared,
    TopicCut,
)
from cdc_perf.reasons.findings import rows_differ
from cdc_perf.reasons.gates import not_drained
from cdc_perf.results.summary import Metric, NoSummary
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.gates import Gate
from cdc_perf.verdict.integrity_gates import (
    EVENTS,
    cut_sentence,
    dead_letters_gate,
    drain_gate,
    events_gate,
    exit_code_of,
    ledger_gate,
    rows_gate,
)
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict
from tests.unit.measured import CLEAN, GOOD, counter, event, evidence, summary, trend

SAMPLE = RowSample(id="0b9c", last_seen=LastSeen.TOPIC, detail="create of lsn 7 at offset 3")
STUCK = Drain(seconds=60.0, outstanding=("consumer group g is 5 events behind in t",))
NOT_DRAINED = not_drained(seconds=STUCK.seconds, outstanding=STUCK.outstanding)


def with_finding(kind: FindingKind, excused: str = "", count: int = 3) -> Integrity:
    finding = Finding(
        kind=kind, table="public.customer", count=count, samples=(SAMPLE,), excused=excused
    )
    return msgspec.structs.replace(CLEAN, findings=(finding,))


def gates(integrity: Integrity) -> dict[str, Gate]:
    found = (
        drain_gate(integrity),
        rows_gate(integrity),
        events_gate(integrity),
        dead_letters_gate(integrity),
    )
    return {gate.result.name: gate for gate in found if gate is not None}


def test_every_kind_of_finding_is_some_gate_s() -> None:
    assert {*ROWS, *EVENTS, FindingKind.DEAD_LETTER} == set(FindingKind)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope.ALL, "rows, "),
        (Scope.RUN, "rows of this run, "),
        (Scope.TOPICS, "rows with events in the topics, "),
    ],
)
def test_the_rows_gate_says_which_rows_were_compared(scope: Scope, words: str) -> None:
    table = TableCompared(table="public.customer", rows=1136, documents=1135)
    found = rows_gate(msgspec.structs.replace(CLEAN, tables=(table,), scope=scope))
    assert found is not None
    assert found.result.observed == f"1,136 {words}1,135 documents"
    assert found.result.ok


def test_an_older_file_compared_all_rows() -> None:
    fields = msgspec.to_builtins(CLEAN)
    del fields["scope"], fields["sink"]
    older = msgspec.convert(fields, Integrity)
    assert (older.scope, older.sink) == (Scope.ALL, SinkType.MONGODB)


@pytest.mark.parametrize(
    ("sink", "compared", "wrong"),
    [
        (SinkType.MONGODB, "600 documents", "3 documents differ from their row"),
        (SinkType.POSTGRES, "600 rows in the sink", "3 rows in the sink differ from their row"),
        (SinkType.KAFKA, "600 records", "3 records differ from their row"),
    ],
)
def test_a_sink_has_its_own_words(sink: SinkType, compared: str, wrong: str) -> None:
    found = msgspec.structs.replace(with_finding(FindingKind.CONTENT), sink=sink)
    rows = gates(found)["rows"]
    assert rows.result.observed == f"600 rows, {compared}; 3 content in public.customer"
    assert rows.result.reason.startswith(f"public.customer: {wrong}, such as 0b9c")
    absent = msgspec.structs.replace(with_finding(FindingKind.COLUMN_ABSENT), sink=sink)
    held = compared.removeprefix("600 ").replace("rows", "row").removesuffix("s")
    said = f"3 rows have a value in a column that no {held} has, such as"
    assert said in gates(absent)["rows"].result.reason


@pytest.mark.parametrize("kind", FindingKind)
def test_each_finding_turns_one_gate_red(kind: FindingKind) -> None:
    red = [gate for gate in gates(with_finding(kind)).values() if gate.result.ok is False]
    (gate,) = red
    assert (gate.code, gate.result.overrides_invalid) == (ExitCode.FAIL, kind in LOSSES)
    assert gate.reasons == (
        rows_differ(
            kind=kind,
            table="public.customer",
            count=3,
            sample="0b9c",
            last_seen="topic",
            detail="create of lsn 7 at offset 3",
            causes=[],
            sink="mongodb",
        ),
    )
    assert exit_code_of(with_finding(kind)) is ExitCode.FAIL


_PLURAL = re.compile(r"\b(are|have|were|come|live|their|rows|documents|records|changes|writes) ")


@pytest.mark.parametrize("kind", FindingKind)
def test_one_finding_is_reported_as_one(kind: FindingKind) -> None:
    (red,) = (x for x in gates(with_finding(kind, count=1)).values() if x.result.ok is False)
    (reason,) = red.reasons
    said = reason.text.partition(", such as")[0]
    assert said.startswith("public.customer: 1 ")
    assert not _PLURAL.search(said), said


@pytest.mark.parametrize("kind", sorted(LOSSES))
def test_a_loss_stands_whatever_the_measurement_is_worth(kind: FindingKind) -> None:
    starved = {**GOOD, "dropped_iterations": counter(500)}
    known = evidence("baseline", (), summary(starved))
    assert judge(known).verdict is Verdict.INVALID
    assert judge(replace(known, integrity=with_finding(kind))).exit_code is ExitCode.FAIL


@pytest.mark.parametrize("kind", [FindingKind.REORDERED, FindingKind.DUPLICATE])
def test_what_is_no_loss_does_not_outlive_a_doubt(kind: FindingKind) -> None:
    starved = {**GOOD, "dropped_iterations": counter(500)}
    known = evidence("baseline", (), summary(starved))
    assert judge(replace(known, integrity=with_finding(kind))).exit_code is ExitCode.INVALID


def test_duplicates_after_a_restart_are_reported_and_hold() -> None:
    gate = gates(with_finding(FindingKind.DUPLICATE, excuse(["connect", "consumer"])))["events"]
    assert gate.result.ok is True
    assert "3 duplicate in public.customer, excused: connect restarted" in gate.result.observed
    assert "Debezium" in gate.result.observed


@pytest.mark.parametrize(
    ("components", "excused"),
    [([], ""), (["consumer", "mongodb"], ""), (["kafka"], "kafka"), (["postgres"], "postgres")],
)
def test_whose_restart_excuses_duplicates(components: list[str], excused: str) -> None:
    assert excuse(components).startswith(excused)
    assert bool(excuse(components)) is bool(excused)


def test_what_is_on_its_way_is_not_lost() -> None:
    stuck = msgspec.structs.replace(with_finding(FindingKind.MISSING), drain=STUCK)
    found = gates(stuck)
    assert (found["drained"].code, found["rows"].result.ok) == (ExitCode.FAIL, None)
    assert found["drained"].reasons == (NOT_DRAINED,)
    assert exit_code_of(stuck) is ExitCode.FAIL


def stuck_on(*events: ComponentEvent) -> ScenarioVerdict:
    """The verdict on a pipeline that does not drain, under a load that could not begin in time."""
    crowded = summary({**GOOD, "dropped_iterations": counter(500)})
    found = evidence("baseline", (), crowded, events=events)
    return judge(replace(found, integrity=msgspec.structs.replace(CLEAN, drain=STUCK)))


def test_a_pipeline_that_does_not_drain_fails_however_the_load_went() -> None:
    verdict = stuck_on()
    assert verdict.exit_code is ExitCode.FAIL
    assert verdict.reasons[0] == NOT_DRAINED
    dropped = [gate for gate in verdict.gates if gate.name == "dropped_iterations"]
    assert [gate.ok for gate in dropped] == [False]


def test_an_operator_may_have_kept_it_from_draining() -> None:
    verdict = stuck_on(event("consumer", "ended (terminated by SIGTERM)", by_operator=True))
    assert verdict.exit_code is ExitCode.INVALID
    assert verdict.reasons[0].code == "component_operated"


def test_what_could_not_be_checked_is_no_pass() -> None:
    found = unchecked("mongodb does not run")
    assert {name: gate.result.ok for name, gate in gates(found).items()} == {
        "drained": False,
        "rows": None,
        "events": None,
        "dead_letters": None,
    }
    assert exit_code_of(found) is ExitCode.INVALID
    assert judge(replace(evidence("baseline", (), summary()), integrity=found)).exit_code is (
        ExitCode.INVALID
    )


WRITES = {**GOOD, "pg_write_duration": trend(600, p95=2.0)}


def ledger(acknowledged: dict[str, int] | None, **metrics: Metric) -> tuple[ExitCode, bool | None]:
    """Return what is said of a ledger with so many lines, given what k6 counts."""
    found = msgspec.structs.replace(CLEAN, acknowledged=acknowledged)
    gate = ledger_gate(found, summary({**WRITES, **metrics}))
    assert gate is not None
    return gate.code, gate.result.ok


def test_a_ledger_that_lacks_rows_proves_nothing() -> None:
    assert ledger(None) == (ExitCode.INVALID, False)
    assert ledger({"c": 599}) == (ExitCode.INVALID, False)
    assert ledger({"c": 601}) == (ExitCode.PASS, True)


def test_a_ledger_has_a_row_of_every_write_that_succeeded() -> None:
    none = {"pg_records_inserted": counter(0)}
    assert ledger({"u": 600}, **none) == (ExitCode.PASS, True)
    assert ledger({"u": 599}, **none) == (ExitCode.INVALID, False)
    assert ledger({"u": 599}, **none, pg_write_errors=counter(1)) == (ExitCode.PASS, True)
    # Neither a row nor an insert is named: the ledger must not be taken for one without losses.
    assert ledger({}, **none) == (ExitCode.INVALID, False)


def test_writes_that_were_all_refused_leave_nothing_to_note() -> None:
    none = {"pg_records_inserted": counter(0), "pg_write_errors": counter(600)}
    assert ledger({}, **none) == (ExitCode.PASS, None)


def test_a_script_that_writes_nothing_that_is_known_is_no_data() -> None:
    metrics = {name: x for name, x in GOOD.items() if name != "pg_records_inserted"}
    empty = msgspec.structs.replace(CLEAN, acknowledged=None)
    gate = ledger_gate(empty, summary(metrics))
    assert gate is not None
    assert gate.code is ExitCode.NO_DATA
    assert ledger_gate(CLEAN, NoSummary("k6 left none")) is None


@pytest.mark.parametrize("why", list(Cut))
def test_a_topic_that_lost_records_is_no_data_and_no_loss(why: Cut) -> None:
    cut = TopicCut(topic="cdc.public.customer", partition=0, why=why, offsets=7)
    found = msgspec.structs.replace(CLEAN, cuts=(cut,))
    assert gates(found)["events"].code is ExitCode.NO_DATA
    assert exit_code_of(found) is ExitCode.NO_DATA
    # What is missing in MongoDB is lost all the same.
    loss = msgspec.structs.replace(with_finding(FindingKind.MISSING), cuts=(cut,))
    assert exit_code_of(loss) is ExitCode.FAIL


def test_a_clean_check_passes() -> None:
    assert exit_code_of(CLEAN) is ExitCode.PASS
    assert gates(CLEAN)["rows"].result.observed == "600 rows, 600 documents"
    assert gates(CLEAN)["events"].result.observed == "602 events, 600 acknowledged writes"


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (Cut.RECREATED, "cdc.public.customer, partition 1: the topic was re-created"),
        (Cut.RETENTION, "cdc.public.customer, partition 1: 7 "),
    ],
)
def test_a_cut_says_what_happened_to_the_topic(why: Cut, sentence: str) -> None:
    cut = TopicCut(topic="cdc.public.customer", partition=1, why=why, offsets=7)
    assert cut_sentence(cut).startswith(sentence)
