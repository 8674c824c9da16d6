import re

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.report.markdown import quoted, run_markdown, settings_line
from cdc_perf.verdict.judge import judge_run
from tests.unit.measured import because
from tests.unit.recorded_runs import SLOW, gone, manifest, row

PASSED, FAILED, GONE = row("baseline"), row("spike", SLOW), gone("e2e-latency")


def shown(*rows: object, notes: tuple[str, ...] = ()) -> str:
    chosen = [x for x in (PASSED, FAILED, GONE) if x in rows]
    run = judge_run([x.verdict for x in chosen])
    settings = [settings_line(manifest(chosen))]
    return run_markdown(run, chosen, settings=settings, notes=notes)


def test_the_verdict_comes_first_then_the_table_the_reasons_and_the_circumstances() -> None:
    assert shown(PASSED, FAILED, GONE, notes=("MongoDB is a stand-in",)) == (
        """\
**INVALID (stack unavailable)**: the stack is unavailable or did not become ready.

| scenario    | verdict   |   iterations |   rate/s |    e2e p50/p95/p99 ms |   samples |   errors |   dropped |   thresholds |
|-------------|-----------|--------------|----------|-----------------------|-----------|----------|-----------|--------------|
| baseline    | PASS      |          600 |     10.0 |      36.4 / 51.2 / 73 |       540 |        0 |         0 |          1/1 |
| spike       | FAIL      |          600 |     10.0 | 1,200 / 2,310 / 4,100 |       540 |        0 |         0 |          0/1 |
| e2e-latency | NOT RUN   |            - |        - |                     - |         - |        - |         - |            - |

- baseline: no data lost: `600 rows, 600 documents; 602 events, 600 acknowledged writes`
- spike: no data lost: `600 rows, 600 documents; 602 events, 600 acknowledged writes`

spike: **FAIL**

- `cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms`

e2e-latency: **NOT RUN**

- `not run: the stack is gone`

- run `20261124T020000Z-0000`, stack `local`, thresholds of `ci`, 1m each, commit `cccccccccccc`, `a processor`, 4 cores
- `MongoDB is a stand-in`
"""  # noqa: E501 - as it is written
    )


def test_a_run_without_scenarios_has_no_table() -> None:
    text = run_markdown(judge_run([]), [])
    assert text == (
        "**NO-DATA**: there is too little data to judge a threshold or a gate.\n\n"
        "- `no scenario was run`\n"
    )


def test_what_interrupted_a_run_is_reported_once() -> None:
    text = run_markdown(judge_run([PASSED.verdict], because("interrupted by SIGINT")), [PASSED])
    assert text.startswith("**INVALID (interrupted)**: the run was interrupted.\n")
    assert text.count("interrupted by SIGINT") == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "` @everyone",
        "``` @everyone ```",
        "a\n\n# @everyone",
        "\\` @everyone",
        "<!-- --> @everyone",
        "[x](javascript:0) @everyone ![x](http://x.example/)",
        "\x1b[31m@everyone\u202e",
        "`" * 500 + "@everyone",
        "",
    ],
)
def test_nothing_that_was_read_leaves_its_code_span(hostile: str) -> None:
    span = quoted(hostile)
    # One backtick at either end and none within: nothing else can close it.
    assert re.fullmatch(r"`[^`\n]+`", span)
    assert len(span) <= 302
    assert all(letter.isprintable() for letter in span)


def test_reasons_without_end_are_cut() -> None:
    verdict = gone("spike", ExitCode.STACK).verdict
    many = type(verdict)(
        scenario="spike",
        verdict=verdict.verdict,
        exit_code=verdict.exit_code,
        reasons=tuple(because(f"reason {n}") for n in range(1000)),
        thresholds=(),
        gates=(),
    )
    found = type(GONE)(many, GONE.summary)
    lines = run_markdown(judge_run([many]), [found]).splitlines()
    assert lines[-1] == "- and 980 more"
    assert sum(line.startswith("- `reason") for line in lines) == 20
