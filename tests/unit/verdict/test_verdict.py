from itertools import pairwise

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.files import readable_json
from cdc_perf.reasons.reason import texts
from cdc_perf.reasons.runs import no_scenario_run
from cdc_perf.verdict.judge import judge_run, not_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict, verdict_of, worst
from tests.unit.measured import because

_WORST_FIRST = (130, 4, 3, 12, 11, 10, 0)


@pytest.mark.parametrize(("worse", "better"), tuple(pairwise(_WORST_FIRST)))
def test_the_worse_of_two_outcomes_stands(worse: int, better: int) -> None:
    codes = [ExitCode(worse), ExitCode(better)]
    assert worst(codes) == worst(reversed(codes)) == worse


@pytest.mark.parametrize(("worse", "better"), tuple(pairwise((130, 4, 3, 10, 12, 11, 0))))
def test_a_failure_that_is_certain_outweighs_every_doubt(worse: int, better: int) -> None:
    codes = [ExitCode(worse), ExitCode(better)]
    assert (
        worst(codes, overrides_invalid=True)
        == worst(reversed(codes), overrides_invalid=True)
        == worse
    )


def test_of_nothing_at_all_there_is_no_data() -> None:
    assert worst([]) is ExitCode.NO_DATA


@pytest.mark.parametrize("code", [ExitCode.USAGE, ExitCode.PUBLISH])
def test_what_is_no_outcome_of_a_scenario_is_refused(code: ExitCode) -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        worst([ExitCode.PASS, code])


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, "PASS"), (10, "FAIL"), (11, "NO-DATA"), (12, "INVALID"), (3, "INVALID"), (4, "INVALID")],
)
def test_an_outcome_has_one_verdict(code: int, verdict: str) -> None:
    assert verdict_of(ExitCode(code)) == verdict


def scenario(name: str, code: ExitCode, *reasons: str) -> ScenarioVerdict:
    found = not_run(name, code, because(""))
    return msgspec.structs.replace(found, reasons=tuple(map(because, reasons)))


def test_a_run_is_the_worst_of_its_scenarios_and_keeps_every_reason() -> None:
    run = judge_run(
        [
            scenario("health-check", ExitCode.PASS),
            scenario("baseline", ExitCode.FAIL, "too slow", "a component died"),
            scenario("spike", ExitCode.NO_DATA, "too few"),
        ]
    )
    assert (run.verdict, run.exit_code) == (Verdict.NO_DATA, ExitCode.NO_DATA)
    assert texts(run.reasons) == (
        "baseline: too slow",
        "baseline: a component died",
        "spike: too few",
    )
    assert [x.params["scenario"] for x in run.reasons] == ["baseline", "baseline", "spike"]
    assert [(s.scenario, s.verdict) for s in run.scenarios] == [
        ("health-check", Verdict.PASS),
        ("baseline", Verdict.FAIL),
        ("spike", Verdict.NO_DATA),
    ]


def test_a_run_without_scenarios_does_not_pass() -> None:
    run = judge_run([])
    assert (run.exit_code, run.reasons) == (ExitCode.NO_DATA, (no_scenario_run(),))


@pytest.mark.parametrize("verdicts", [(), (scenario("spike", ExitCode.LOAD, "k6 broke"),)])
def test_an_interrupted_run_is_that_whatever_was_measured(
    verdicts: tuple[ScenarioVerdict, ...],
) -> None:
    run = judge_run(verdicts, because("Ctrl-C"))
    assert (run.verdict, run.exit_code) == (Verdict.INVALID, ExitCode.INTERRUPTED)
    assert texts(run.reasons) == ("Ctrl-C", *("spike: k6 broke" for _ in verdicts))


def test_a_verdict_reads_back_from_its_file() -> None:
    one = scenario("spike", ExitCode.INVALID, "doubtful")
    run = judge_run([one])
    assert msgspec.json.decode(readable_json(one), type=ScenarioVerdict) == one
    assert msgspec.json.decode(readable_json(run), type=RunVerdict) == run
    assert readable_json(run).startswith(b'{\n  "schema_version": 2,\n  "verdict": "INVALID"')
    assert readable_json(run).endswith(b"}\n")
