import json

import pytest

from cdc_perf.ci.measured_repository import MeasuredRepository
from cdc_perf.ci.plan import Entry, Output, plan
from cdc_perf.ci.relevance import Relevance
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios

CHECKOUT = Checkout.here()
SCENARIOS = load_scenarios(CHECKOUT)
OWN = Relevance.of(MeasuredRepository.of(CHECKOUT), "")
SHOP = MeasuredRepository(CHECKOUT.root, is_own=False, prefix="load/shop/")


def test_nothing_asked_for_means_the_usual_scenarios_with_time_for_their_set_up() -> None:
    made = plan(SCENARIOS, "", "", None, OWN)
    assert made.entries == (Entry("baseline", 25), Entry("e2e-latency", 25))
    assert made.outputs() == {
        Output.RELEVANT: "true",
        Output.SCENARIOS: "baseline,e2e-latency",
        Output.MATRIX: '{"include":[{"scenario":"baseline","timeout_minutes":25},'
        '{"scenario":"e2e-latency","timeout_minutes":25}]}',
        Output.DURATION: "",
    }


@pytest.mark.parametrize(
    ("name", "duration", "minutes"),
    [
        ("soak", "", 140),
        ("stress", "", 36),
        ("stress", "61s", 22),
        ("baseline", "5h", 320),
        ("health-check", "5h", 21),
    ],
)
def test_the_time_out_is_the_loads_length_and_a_margin(
    name: str, duration: str, minutes: int
) -> None:
    assert plan(SCENARIOS, name, duration, None, OWN).entries == (Entry(name, minutes),)


def test_a_duration_is_handed_on_as_it_was_understood() -> None:
    assert plan(SCENARIOS, "spike", "0.5m", None, OWN).outputs()[Output.DURATION] == "30s"


def test_outputs_are_single_lines_whatever_was_asked_for() -> None:
    for value in plan(SCENARIOS, "all", "1m", ["src/a\nb"], OWN).outputs().values():
        assert "\n" not in value


@pytest.mark.parametrize(
    ("names", "duration", "said"),
    [
        ("basline", "", "did you mean baseline"),
        ("baseline", "soon", "duration_override: 'soon' is not a duration"),
        ("baseline", "-1m", "duration_override: '-1m' is negative"),
        ("baseline", "1m\nmatrix={}", "is not a duration"),
        (
            "baseline",
            "6h",
            "would take 380 minutes including setup; GitHub ends a job after 360",
        ),
    ],
)
def test_a_wrong_input_is_a_line(names: str, duration: str, said: str) -> None:
    with pytest.raises(UsageFailure) as raised:
        plan(SCENARIOS, names, duration, None, OWN)
    assert said in raised.value.message


def test_a_pull_request_that_changes_something_relevant_runs() -> None:
    made = plan(SCENARIOS, "", "", ["README.md", "src/cdc_consumer/sink.py"], OWN)
    assert [entry.scenario for entry in made.entries] == ["baseline", "e2e-latency"]


@pytest.mark.parametrize("changed", [[], ["README.md", "docs/ci.md", "LICENSE"]])
def test_a_pull_request_that_moves_nothing_runs_nothing(changed: list[str]) -> None:
    made = plan(SCENARIOS, "", "", changed, OWN)
    assert made.entries == ()
    assert made.outputs()[Output.RELEVANT] == "false"
    assert json.loads(made.outputs()[Output.MATRIX]) == {"include": []}


@pytest.mark.parametrize(
    "path",
    [
        "src/cdc_consumer/sink.py",
        "k6/scripts/lib/shape.js",
        "k6/docker-compose.k6.yml",
        "scripts/cdc_perf/verdict/judge.py",
        "pipelines/sample/schema.sql",
        "pipelines/sample/pipeline.toml",
        "requirements/perf.txt",
        "pyproject.toml",
        "docker-compose.yml",
        "docker-compose.override.yml",
        "noxfile.py",
        "tasks.py",
        "compose.yaml",
        "compose.override.yml",
        "docker-compose.yaml",
        ".env",
        ".dockerignore",
        ".gitattributes",
        ".github/workflows/performance-test.yml",
        # Python finds it before a library of that name.
        "requests.py",
        "src/README.md",
    ],
)
def test_a_path_with_a_part_in_performance(path: str) -> None:
    assert OWN.relevant([path]) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        *("docs/src/x.md", "README.md", "tests/unit/test_files.py", "bench/load.py", ".ci/run"),
        *(".github/workflows/ci.yml", ".github/workflows/performance-comment.yml"),
    ],
)
def test_a_path_without_one(path: str) -> None:
    assert OWN.relevant([path]) == ()


@pytest.mark.parametrize(
    ("path", "paths", "is_relevant"),
    [
        ("consumer/main.go", "", True),
        ("k6/thresholds.json", "", True),
        ("tests/test_main.py", "", True),
        ("load/shop/schema.sql", "", True),
        ("README.md", "", False),
        ("docs/guide.txt", "", False),
        (".github/workflows/performance-comment.yml", "", False),
        ("consumer/main.go", "consumer/* deploy/*.yaml", True),
        ("deploy/prod.yaml", "consumer/*\n deploy/*.yaml", True),
        ("web/index.js", "consumer/*", False),
        # Whatever is chosen, these decide what is measured.
        ("load/shop/pipeline.toml", "consumer/*", True),
        (".github/workflows/performance-test.yml", "consumer/*", True),
    ],
)
def test_of_another_repository_everything_counts_but_what_its_owner_leaves_out(
    path: str,
    paths: str,
    is_relevant: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert bool(Relevance.of(SHOP, paths).relevant([path])) is is_relevant
