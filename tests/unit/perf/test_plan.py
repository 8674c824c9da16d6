import json
import shutil
from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.load.overrides import Overrides
from cdc_perf.perf.plan import make_observation, make_plan
from cdc_perf.settings.executors import Observation
from cdc_perf.settings.metrics import Source
from cdc_perf.settings.paths import PIPELINE, Checkout

CHECKOUT = Checkout.here()


@pytest.mark.parametrize(
    ("names", "planned"),
    [
        ("baseline", ["health-check", "baseline"]),
        ("e2e-latency, baseline,", ["health-check", "e2e-latency", "baseline"]),
        ("baseline,health-check,baseline", ["health-check", "baseline"]),
        ("health-check", ["health-check"]),
        (
            "all",
            ["health-check", "baseline", "stress", "spike", "e2e-latency", "mixed-workload"],
        ),
    ],
)
def test_the_health_check_comes_first_and_nothing_twice(names: str, planned: list[str]) -> None:
    plan = make_plan(CHECKOUT, names, Overrides())
    assert [x.scenario.name for x in plan.scenarios] == planned


def test_an_environment_is_laid_over_the_limits() -> None:
    def limit(environment: str) -> float:
        plan = make_plan(CHECKOUT, "baseline", Overrides(environment=environment))
        thresholds = plan.scenarios[1].thresholds
        return next(t.limit for t in thresholds if t.metric == "mongo_read_duration")

    assert (limit(""), limit("ci")) == (50, 100)


def test_a_threshold_on_a_table_that_is_not_captured_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(CHECKOUT.pipeline, folder, ignore=shutil.ignore_patterns(".stack", "results"))
    checkout = Checkout.at(CHECKOUT.root, {PIPELINE: str(folder)})
    limits = {"cdc_e2e_latency{table:public.customers}": {"p95": 1}}
    (folder / "thresholds.json").write_text(json.dumps({"baseline": limits}), encoding="utf-8")
    with pytest.raises(UsageFailure) as failure:
        make_plan(checkout, "baseline", Overrides())
    assert failure.value.message.startswith(
        "thresholds.json: cdc_e2e_latency{table:public.customers}: public.customers is not in "
        "[[tables]]; did you mean public.customer"
    )
    make_plan(checkout, "stress", Overrides())
    limits = {"cdc_e2e_latency{table:public.customer}": {"p95": 1}}
    (folder / "thresholds.json").write_text(json.dumps({"baseline": limits}), encoding="utf-8")
    make_plan(checkout, "baseline", Overrides())


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "x" * 41, "é"])
def test_a_name_that_could_not_be_a_file_is_refused(name: str) -> None:
    with pytest.raises(UsageFailure, match=r"^--name: "):
        make_plan(CHECKOUT, "baseline", Overrides(), name=name)


def test_an_observation_is_the_whole_plan_and_k6_judges_none_of_it() -> None:
    plan = make_observation(CHECKOUT, "1m30s", "ci", name="at-noon")
    (planned,) = plan.scenarios
    assert planned.scenario.options == Observation(duration="1m30s")
    assert (plan.observes, plan.name, plan.overrides.environment) == (True, "at-noon", "ci")
    assert planned.thresholds
    assert Source.K6 not in {threshold.kind.source for threshold in planned.thresholds}
    assert not make_plan(CHECKOUT, "baseline", Overrides()).observes


@pytest.mark.parametrize(
    ("duration", "environment", "name", "why"),
    [
        ("soon", "", "", "--observe-only: 'soon' is not a duration"),
        ("0.5s", "", "", "--observe-only: '0.5s' is shorter than 1s"),
        ("5m", "prod", "", "--env: thresholds.json has no environment 'prod'"),
        ("5m", "", "../x", "--name: '../x' is not a valid run name"),
    ],
)
def test_a_wrong_observation_is_refused(
    duration: str, environment: str, name: str, why: str
) -> None:
    with pytest.raises(UsageFailure) as failure:
        make_observation(CHECKOUT, duration, environment, name=name)
    assert failure.value.message.startswith(why)


def test_a_scenario_has_the_faults_of_the_option_or_its_own_list() -> None:
    named = Overrides(faults=("kill:kafka@40s", "kill:connect@20s"))
    health, baseline = make_plan(CHECKOUT, "baseline", named).scenarios
    assert (health.faults, health.recovery) == ((), None)
    assert list(map(str, baseline.faults)) == ["kill:connect@20s", "kill:kafka@40s"]
    assert baseline.recovery is not None
    _, once = make_plan(CHECKOUT, "resilience", Overrides()).scenarios
    _, twice = make_plan(CHECKOUT, "resilience", Overrides(repeat=2)).scenarios
    assert list(map(str, once.faults)) == list(once.scenario.faults)
    assert twice.faults == once.faults * 2


@pytest.mark.parametrize(
    ("scenarios", "overrides", "message"),
    [
        ("baseline", Overrides(faults=("kill:kafk@20s",)), "did you mean kill:kafka"),
        (
            "baseline",
            Overrides(duration_seconds=20.0, faults=("freeze:kafka@15s",)),
            "--fault: freeze:kafka@15s ends after 23s, and the load of baseline after 20s",
        ),
        ("breakpoint", Overrides(faults=("kill:kafka@20s",)), "breakpoint takes no faults"),
        ("health-check", Overrides(faults=("kill:kafka@20s",)), "the health check takes no faults"),
        ("baseline", Overrides(repeat=2), "--repeat: needs a scenario that has a list of faults"),
        ("resilience", Overrides(repeat=9), "faults take at least"),
        ("resilience", Overrides(duration_seconds=60.0), "the load ends after 1m; add --duration"),
    ],
)
def test_faults_that_a_scenario_cannot_have_are_refused(
    scenarios: str, overrides: Overrides, message: str
) -> None:
    with pytest.raises(UsageFailure) as failure:
        make_plan(CHECKOUT, scenarios, overrides)
    assert message in failure.value.message


def kafka_only() -> Checkout:
    folder = CHECKOUT.root / "pipelines" / "kafka-only"
    return Checkout.at(CHECKOUT.root, {PIPELINE: str(folder)})


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("kill:mongodb@20s", "the pipeline has no component mongodb"),
        ("partition:kafka-consumer@20s", "the pipeline has no link kafka-consumer"),
    ],
)
def test_a_named_fault_of_what_the_pipeline_lacks_is_refused(fault: str, why: str) -> None:
    with pytest.raises(UsageFailure) as failure:
        make_plan(kafka_only(), "baseline", Overrides(faults=(fault,)))
    assert failure.value.message == f"--fault: {fault}: {why}"


def test_a_listed_fault_of_what_the_pipeline_lacks_is_left_out() -> None:
    plan = make_plan(kafka_only(), "resilience", Overrides())
    names = [each.fault.name for each in plan.scenarios[1].faults]
    assert "kill:connect" in names
    assert "kill:mongodb" not in names
    assert "partition:kafka-consumer" not in names
    line = "resilience: without kill:mongodb: the pipeline has no component mongodb"
    assert line in plan.left_out


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("component", "conect", "unknown component 'conect'; did you mean connect?"),
        ("link", "connect-kafk", "unknown link 'connect-kafk'; did you mean connect-kafka?"),
    ],
)
def test_a_fault_of_what_no_pipeline_has_is_refused_even_in_a_list(
    tmp_path: Path, field: str, value: str, why: str
) -> None:
    name = "kill:connect" if field == "component" else "partition:connect-kafka"
    folder = tmp_path / "pipeline"
    shutil.copytree(CHECKOUT.pipeline, folder)
    (folder / "faults.json").write_text(json.dumps({name: {field: value}}))
    checkout = Checkout.at(CHECKOUT.root, {PIPELINE: str(folder)})
    with pytest.raises(UsageFailure) as failure:
        make_plan(checkout, "resilience", Overrides())
    assert failure.value.message == f"fault {name}: {why}"


def test_a_stack_leaves_out_the_listed_faults_that_it_cannot_have() -> None:
    plan = make_plan(CHECKOUT, "resilience", Overrides())
    assert plan.needs_proxies
    assert plan.on("local") == plan
    compose = plan.on("compose")
    names = [each.fault.name for each in compose.scenarios[1].faults]
    assert not [x for x in names if x.startswith(("partition:", "reset:", "disk:"))]
    assert "freeze:kafka" in names
    assert not compose.needs_proxies
    assert len(plan.scenarios[1].faults) == len(names) + len(compose.left_out)


@pytest.mark.parametrize(
    ("fault", "stack", "why"),
    [
        ("partition:connect-kafka@9s", "compose", "the compose stack has no Toxiproxy"),
        ("disk:kafka@9s", "compose", "the disk of a container is the engine's"),
        ("kill:kafka@9s", "external", "into a stack that others operate, only faults of"),
    ],
)
def test_a_named_fault_that_a_stack_cannot_have_is_refused(
    fault: str, stack: str, why: str
) -> None:
    plan = make_plan(CHECKOUT, "baseline", Overrides(faults=(fault,)))
    with pytest.raises(UsageFailure) as failure:
        plan.on(stack)
    assert failure.value.message.startswith(f"--fault: {fault}: {why}")


def test_others_get_only_named_faults_by_their_apis() -> None:
    named = ("connector:paused@9s", "partition:connect-kafka@20s")
    plan = make_plan(CHECKOUT, "baseline", Overrides(faults=named))
    assert plan.on("external") == plan
    with pytest.raises(UsageFailure, match="none of its faults can be injected"):
        make_plan(CHECKOUT, "resilience", Overrides()).on("external")


def test_a_threshold_on_the_time_of_faults_needs_faults(tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    shutil.copytree(CHECKOUT.pipeline, folder)
    own = {"baseline": {"cdc_e2e_latency{phase:fault}": {"p95": 9000}}}
    (folder / "thresholds.json").write_text(json.dumps(own))
    checkout = Checkout.at(CHECKOUT.root, {PIPELINE: str(folder)})

    def of_faults(*faults: str) -> list[str]:
        _, baseline = make_plan(checkout, "baseline", Overrides(faults=faults)).scenarios
        return [x.metric for x in baseline.thresholds if x.of_faults]

    assert of_faults() == []
    assert of_faults("kill:connect@20s") == ["cdc_e2e_latency{phase:fault}"]
