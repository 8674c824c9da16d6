import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import responses

from cdc_perf.ci.influence import Part, influence, parts_of, threshold_changes
from cdc_perf.ci.judge_context import JudgeContext, JudgeInputs
from cdc_perf.ci.measured_repository import MeasuredRepository
from cdc_perf.perf.comparison import versions
from cdc_perf.publish.comment import Links
from cdc_perf.publish.github import GitHub
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds

CHECKOUT = Checkout.here()
OWN = MeasuredRepository.of(CHECKOUT)
API, NAME, HEAD = "https://api.example", "octo/cdc-perf", "a" * 40
SETTINGS = {
    path: json.loads((CHECKOUT.root / path).read_bytes())
    for path in ("k6/thresholds.json", "k6/scenarios.json", "k6/metrics.json")
}


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (".github/workflows/performance-test.yml", Part.WORKFLOW),
        (".github/workflows/run.yml", Part.WORKFLOW),
        ("k6/thresholds.json", Part.THRESHOLDS),
        ("k6/metrics.json", Part.THRESHOLDS),
        ("k6/scenarios.json", Part.LOAD),
        ("k6/scripts/workload-test.js", Part.LOAD),
        ("pipelines/sample/mixed-workload.toml", Part.LOAD),
        ("k6/extension/cdc.go", Part.HARNESS),
        ("scripts/cdc_perf/ci/gate.py", Part.GATE),
        ("scripts/cdc_perf/verdict/judge.py", Part.GATE),
        ("scripts/cdc_perf/perf/runner.py", Part.HARNESS),
        ("requirements/perf.txt", Part.HARNESS),
    ],
)
def test_each_part_of_a_judgement_is_named(path: str, part: Part) -> None:
    assert parts_of(OWN, [path, "src/cdc_consumer/sink.py"]) == {part: (path,)}


def test_a_change_of_a_threshold_has_its_direction() -> None:
    scenarios = load_scenarios(CHECKOUT).names
    before = load_thresholds(CHECKOUT, scenarios, load_metrics(CHECKOUT))
    key = ("cdc_e2e_latency", "p95")
    rate = ("cdc_success_rate", "rate")
    limits = dict(before.scenarios["stress"])

    def to(at: tuple[str, str], limit: float) -> Any:  # noqa: ANN401 - a threshold
        return replace(limits[at], expression=replace(limits[at].expression, limit=limit))

    for changed, effect in (
        ({**limits, key: to(key, 9000)}, "looser"),
        ({**limits, key: to(key, 10)}, "tighter"),
        ({**limits, rate: to(rate, 0.5)}, "looser"),
        ({**limits, rate: to(rate, 0.999)}, "tighter"),
        ({at: x for at, x in limits.items() if at != key}, "removed"),
    ):
        after = replace(before, scenarios={**before.scenarios, "stress": changed})
        (change,) = threshold_changes(before, after, scenarios, "ci")
        assert (change.scenario, change.effect) == ("stress", effect)
        (back,) = threshold_changes(after, before, scenarios, "ci")
        expected = {"looser": "tighter", "tighter": "looser", "removed": "added"}
        assert back.effect == expected[effect]


def shown(path: str, content: bytes | None, checkout: Checkout = CHECKOUT) -> str:
    """Return what is said of a pull request that changes one settings file."""
    with responses.RequestsMock() as mock:
        url = f"{API}/repos/{NAME}/contents/{path}"
        if content is None:
            mock.get(url, json={"message": "Not Found"}, status=404)
        else:
            encoded = base64.b64encode(content).decode()
            mock.get(url, json={"content": encoded, "encoding": "base64"})
        context = JudgeContext(
            GitHub(API, NAME, "sesame"), checkout, Links(API, NAME), "", JudgeInputs()
        )
        return "\n".join(influence(context, [path], HEAD))


def test_the_load_that_differs_is_shown() -> None:
    changed = {**SETTINGS["k6/scenarios.json"]}
    changed["baseline"] = {**changed["baseline"], "think_time_seconds": 77}
    text = shown("k6/scenarios.json", json.dumps(changed).encode())
    assert "load of `baseline`" in text
    assert "load of `stress`" not in text


def test_untrusted_names_do_not_leave_their_cell() -> None:
    evil = "x` | @everyone <img src=x> | `"
    metrics = {**SETTINGS["k6/metrics.json"], evil: SETTINGS["k6/metrics.json"]["checks"]}
    text = shown("k6/metrics.json", json.dumps(metrics).encode())
    assert "@everyone" not in text
    changed = {**SETTINGS["k6/scenarios.json"], evil: SETTINGS["k6/scenarios.json"]["baseline"]}
    text = shown("k6/scenarios.json", json.dumps(changed).encode())
    for line in [x for x in text.splitlines() if "@everyone" in x]:
        before = line.partition("@everyone")[0]
        assert before.count("`") % 2 == 1, line
        assert "|" not in before.replace("\\|", "") or not line.startswith("|"), line


def test_the_thresholds_that_differ_are_shown() -> None:
    table = {**SETTINGS["k6/thresholds.json"], "stress": {"cdc_e2e_latency": {"p95": 10}}}
    text = shown("k6/thresholds.json", json.dumps(table).encode())
    rows = [x.split("|")[1:-1] for x in text.splitlines() if "`stress`" in x]
    assert [[cell.strip() for cell in row] for row in rows] == [
        # What the default of the table requires takes its place.
        ["`stress`", "`cdc_success_rate rate`", "`>= 0.95`", "`>= 0.9`", "looser"],
        ["`stress`", "`cdc_e2e_latency p95`", "`<= 5,000 ms`", "`<= 10 ms`", "tighter"],
        ["`stress`", "`cdc_e2e_latency p99`", "`<= 10,000 ms`", "-", "removed"],
    ]


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 50_000,
        b'{"baseline": {"strange": {"p95": 1}}}',
        b'{"environments": {}}',
    ],
)
@pytest.mark.parametrize("path", list(SETTINGS))
def test_settings_that_cannot_be_used_are_reported_to_be(path: str, content: bytes | None) -> None:
    assert "The settings of this pull request are invalid" in shown(path, content)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A pipeline in the repository of others, with a threshold and a load of its own."""
    monkeypatch.setattr(versions, "git_output", lambda *_: str(tmp_path))
    pipeline = tmp_path / "load" / "shop"
    pipeline.mkdir(parents=True)
    (pipeline / "thresholds.json").write_text('{"stress": {"cdc_e2e_latency": {"p95": 900}}}')
    (pipeline / "scenarios.json").write_text('{"stress": {"think_time_seconds": 2}}')
    return replace(CHECKOUT, pipeline=pipeline)


def test_of_another_repository_the_files_of_its_pipeline_count(shop: Checkout) -> None:
    repository = MeasuredRepository.of(shop)
    assert (repository.is_own, repository.prefix) == (False, "load/shop/")
    changed = {
        ".github/workflows/performance-test.yml": Part.WORKFLOW,
        "load/shop/thresholds.json": Part.THRESHOLDS,
        "load/shop/scenarios.json": Part.LOAD,
        "load/shop/scripts/burst-test.js": Part.LOAD,
        "load/shop/workload.toml": Part.LOAD,
        "k6/thresholds.json": None,
        "scripts/deploy.py": None,
    }
    found = parts_of(repository, list(changed))
    assert {path: part for part, paths in found.items() for path in paths} == {
        path: part for path, part in changed.items() if part is not None
    }


def test_of_another_repository_what_is_laid_over_is_compared(shop: Checkout) -> None:
    table = b'{"stress": {"cdc_e2e_latency": {"p95": 1200}}}'
    text = shown("load/shop/thresholds.json", table, shop)
    (row,) = [x.split("|")[3:-1] for x in text.splitlines() if "`stress`" in x]
    assert [cell.strip() for cell in row] == ["`<= 900 ms`", "`<= 1,200 ms`", "looser"]

    text = shown("load/shop/scenarios.json", b"{}", shop)
    assert "load of `stress`" in text
    assert "load of `baseline`" not in text
    # A file that the pull request removes: the built-in settings are left.
    removed = shown("load/shop/thresholds.json", None, shop)
    assert "`<= 5,000 ms`" in removed
