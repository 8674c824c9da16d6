import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from cdc_perf.report.html.build import write_reports
from cdc_perf.report.html.page import page
from cdc_perf.results.manifest import RunStatus
from cdc_perf.runs.run_data import read_run_data
from tests.unit.measured import because, way
from tests.unit.recorded_runs import LOSSY, SLOW, gone, manifest, row, spoil, write_run
from tests.unit.report.html.parsed import HOSTILE, Parsed, parsed
from tests.unit.series_files import load, long_series, series_of


def shown(folder: Path) -> Parsed:
    return parsed(page([read_run_data(folder)]))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rows = [row("health-check"), row("baseline"), row("e2e-latency", SLOW)]
    folder = write_run(tmp_path, rows)
    for x in rows:
        series_of(folder / x.verdict.scenario / "series.parquet", load(30, 10, warm_up=3))
    return folder


def test_the_verdict_comes_first_and_the_questions_are_answered(run: Path) -> None:
    text = shown(run).text
    order = [
        "FAIL: a threshold or a gate of the pipeline is broken.",
        "e2e-latency: cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms",
        "MongoDB figures are those of a stand-in",
        "At a glance",
        "Did it pass?",
        "Where is the time spent?",
        "baseline: Median end-to-end latency: 36.4 ms.",
        "Was anything lost?",
        "Did it get worse? Not compared: no base run was given.",
        "How to rerun .venv/bin/inv perf --scenarios baseline,e2e-latency --duration 1m",
        "Scenarios",
        "baseline PASS",
        "Thresholds",
        "≤ 2,000 ms",
        "Over time",
        "End-to-end latency",
        "Throughput",
        "Virtual users",
        "Distribution",
        "Where the time goes",
        "Latency by hop",
        "Consumer lag: not sampled in this run",
        "Integrity",
        "Errors by kind",
        "e2e-latency FAIL",
        "How to rerun",
        "git checkout cccc",
        "Environment",
        "MongoDB figures are those of a stand-in",
        "UTC, after 1m",
        "a processor, 4 cores, 16.0 GiB",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert "What this report lacks" not in text
    end = 0
    for part in order:
        assert part in text[end:], f"{part} comes too early"
        end = text.index(part, end)


def test_nothing_is_fetched_and_nothing_else_may_run(run: Path) -> None:
    found = shown(run)
    assert (found.fetched, found.handlers) == ([], [])
    data = [content for _, content in found.raw if content.startswith("{")]
    for element, content in found.raw:
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert (f"{element}-src" in found.policy and digest in found.policy) != (content in data)
    assert found.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in found.policy
    assert len(data) == 1
    assert set(json.loads(data[0])) == {"scenario-1", "scenario-2", "scenario-3"}


def test_every_link_leads_somewhere_and_every_name_is_one_place_s(run: Path) -> None:
    found = shown(run)
    assert len(set(found.ids)) == len(found.ids)
    assert set(found.links) <= set(found.ids)
    # The table of contents; a health check that passed is in the overview alone.
    contents = found.links[1:7]
    assert contents[:2] + contents[-2:] == ["glance", "overview", "again", "environment"]
    assert "Contents" in found.labels


def test_every_chart_has_a_table_and_says_what_it_shows(run: Path) -> None:
    found = shown(run)
    charts = found.tags.count("figure")
    assert charts == 8
    assert sum(label.endswith("The table below has the figures.") for label in found.labels) == 8
    assert found.text.count("as a table from") + found.text.count("as a table latency, ms") == 8


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_text_wherever_it_stands(tmp_path: Path, hostile: str) -> None:
    failing = row("spike", SLOW)
    verdict = msgspec.structs.replace(
        failing.verdict,
        reasons=(because(hostile),),
        gates=tuple(
            msgspec.structs.replace(gate, condition=hostile, observed=hostile, reason=hostile)
            for gate in failing.verdict.gates
        ),
    )
    rows = [type(failing)(verdict, failing.summary)]
    made = manifest(rows)
    versions = msgspec.structs.replace(made.versions, commit=hostile, components={hostile: hostile})
    machine = msgspec.structs.replace(made.machine, cpu=hostile)
    made = msgspec.structs.replace(
        made, name=hostile, stack=hostile, versions=versions, machine=machine, notes=(hostile,)
    )
    folder = write_run(tmp_path, rows, made=made)
    log = json.dumps(f"pg_write_errors: {hostile}", ensure_ascii=False)
    (folder / "spike" / "k6.log").write_text(
        f'time="2026-11-24T16:58:16Z" level=error msg={log} source=console\n', encoding="utf-8"
    )
    series_of(folder / "spike" / "series.parquet", load(5))
    plain = parsed(page([read_run_data(write_run(tmp_path, [failing], 1))]))
    found = shown(folder)
    visible = " ".join("".join(c if c.isprintable() else " " for c in hostile).split())
    assert found.text.count(visible) >= 8
    assert (found.fetched, found.handlers) == ([], [])
    assert found.tags.count("script") == plain.tags.count("script")
    assert not {"img", "b"} & set(found.tags)


def test_the_waterfall_of_the_hops(tmp_path: Path) -> None:
    rows = [replace(row("baseline"), hops=way(2, 5, 1, 2))]
    found = shown(write_run(tmp_path, rows))
    assert (
        "Commit to MongoDB: 10 ms on average (540 events). Bottleneck: Debezium to Kafka, 50%. "
        "Check Debezium's max.batch.size and poll.interval.ms: its queue waits that long"
        " for so many changes."
    ) in found.text
    assert "50% of the total" in found.labels
    assert "100% of the total" in found.labels
    assert "not measured in this run" not in found.text.split("The stack under load")[0]


@pytest.mark.parametrize(
    "changes",
    [{"mean": 1e15}, {"mean": -1e15}, {"mean": None}, {"mean": 0}, {"events": 10**15}],
    ids=str,
)
@pytest.mark.parametrize("place", [0, 4], ids=["a hop", "the whole way"])
def test_untrusted_hops_fill_no_page(
    tmp_path: Path, changes: dict[str, float | None], place: int
) -> None:
    folder = write_run(tmp_path, [replace(row("baseline"), hops=way(2, 5, 1, 2))])
    path = folder / "baseline" / "hops.json"
    content = json.loads(path.read_bytes())
    content["hops"][place] |= changes
    content["missing"] = "<script>" + "x" * 9_000
    path.write_text(json.dumps(content), encoding="utf-8")
    found = shown(folder)
    assert "Missing hops: <script>xxx" in found.text
    assert len(found.text) < 20_000


def test_hops_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [replace(row("baseline"), hops=way(2, 5, 1, 2))])
    spoil(folder / "baseline" / "hops.json", events=-1)
    assert "baseline: hops.json is malformed" in shown(folder).text


def test_megabytes_are_cut_and_say_so(tmp_path: Path) -> None:
    failing = row("spike", SLOW)
    verdict = msgspec.structs.replace(failing.verdict, reasons=(because("x" * 3_000),) * 500)
    folder = write_run(tmp_path, [type(failing)(verdict, failing.summary)])
    found = shown(folder)
    assert "… (1,000 more characters)" in found.text
    assert "and 450 more" in found.text
    assert len(found.text) < 300_000


def test_a_name_that_is_a_path_leads_nowhere(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline")])
    content = msgspec.json.decode((folder / "run.json").read_bytes())
    spoil(folder / "run.json", scenarios=[{**content["scenarios"][0], "name": "../../etc"}])
    text = shown(folder).text
    assert "run.json has a scenario whose name cannot be a folder name: ../../etc" in text
    assert "baseline PASS" in text


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    rows = [row("baseline"), gone("spike")]
    folder = write_run(tmp_path, rows, made=manifest(rows, status=RunStatus.INTERRUPTED))
    text = shown(folder).text
    assert "the run did not finish: its status is interrupted" in text
    assert "spike NOT RUN" in text
    assert "not run: the stack is gone" in text


def test_what_failed_is_counted_with_what_was_logged_first(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline", LOSSY)])
    spoil_summary = folder / "baseline" / "summary.json"
    content = msgspec.json.decode(spoil_summary.read_bytes())
    content["metrics"]["mongo_documents_not_found"] = {
        "type": "counter",
        "contains": "default",
        "values": {"count": 12, "rate": 0.2},
    }
    spoil_summary.write_bytes(msgspec.json.encode(content))
    (folder / "baseline" / "k6.log").write_text(
        'time="2026-11-24T16:58:16Z" level=error '
        'msg="mongo_documents_not_found: create: not in MongoDB after 5000 ms" source=console\n',
        encoding="utf-8",
    )
    text = shown(folder).text
    assert "600 changes checked in the sink; 12 did not arrive in time." in text
    assert (
        "changes not seen in the sink before the timeout 12 2026-11-24T16:58:16Z create: not in "
        "MongoDB after 5000 ms" in text
    )


def test_several_runs_are_one_page_with_one_overview(tmp_path: Path) -> None:
    for number, scenario in enumerate(("baseline", "spike")):
        folder = write_run(tmp_path, [row(scenario, SLOW if number else LOSSY)], number)
        series_of(folder / scenario / "series.parquet", load(5))
    report, results = write_reports(tmp_path)
    assert (report.parent, results.parent) == (tmp_path, tmp_path)
    found = parsed(report.read_text(encoding="utf-8"))
    assert found.ids.count("glance") == found.ids.count("overview") == 1
    assert "2 runs" in found.text
    assert len(set(found.ids)) == len(found.ids)
    assert found.tags.count("figure") == 8


def test_a_run_that_was_interrupted_spoils_the_verdict_on_several(tmp_path: Path) -> None:
    write_run(tmp_path, [row("baseline")])
    second = write_run(tmp_path, [row("spike")], 1)
    spoil(
        second / "verdict.json",
        verdict="INVALID",
        exit_code=130,
        reasons=[{"code": "", "params": {}, "text": "interrupted"}],
    )
    found = parsed(write_reports(tmp_path)[0].read_text(encoding="utf-8"))
    assert "INVALID (interrupted): the run was interrupted." in found.text
    assert f"{second.name} did not complete" in found.text


def test_an_hour_with_every_series_is_less_than_a_megabyte(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [row("baseline")])
    long_series(folder / "baseline" / "series.parquet", 3600, 50)
    report, _ = write_reports(folder)
    assert 300_000 < report.stat().st_size < 1_000_000
    assert "not sampled" not in parsed(report.read_text(encoding="utf-8")).text


def test_a_scenario_may_have_any_name_that_a_folder_can_have(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    folder = write_run(tmp_path, [row("baseline")])
    (folder / "baseline").rename(folder / name)
    content = msgspec.json.decode((folder / "run.json").read_bytes())
    spoil(folder / "run.json", scenarios=[{**content["scenarios"][0], "name": name}])
    spoil(folder / name / "verdict.json", scenario=name)
    series_of(folder / name / "series.parquet", load(5))
    found = shown(folder)
    assert f"{name} PASS" in found.text
    assert (found.fetched, found.handlers, found.tags.count("img")) == ([], [], 0)
    assert f"--scenarios '{name}'" in found.text
