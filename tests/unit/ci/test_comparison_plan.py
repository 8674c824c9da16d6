import pytest

from cdc_perf.ci.comparison_plan import Commits, minutes_of, plan_comparison
from cdc_perf.ci.plan import Output
from cdc_perf.errors import UsageFailure
from cdc_perf.perf.comparison.settings import EFFECT, MINUTES, RATE, ComparisonOptions
from cdc_perf.tasks.runs import compare

COMMITS = Commits("b" * 40, "c" * 40)


def test_a_relevant_change_is_compared_for_the_default_time() -> None:
    assert plan_comparison(COMMITS, "", "local", needed=True).outputs() == {
        Output.COMPARE: "true",
        Output.BASE: "b" * 40,
        Output.HEAD: "c" * 40,
        Output.MINUTES: "12",
        Output.COMPARE_TIMEOUT: "42",
    }


@pytest.mark.parametrize(
    ("commits", "minutes", "stack", "needed"),
    [
        (None, "", "local", True),
        (COMMITS, "0", "local", True),
        (COMMITS, "", "local", False),
        (COMMITS, "", "external", True),
    ],
)
def test_without_commits_time_need_or_versions_nothing_is_compared(
    commits: Commits | None,
    minutes: str,
    stack: str,
    needed: bool,  # noqa: FBT001 - a parameter
) -> None:
    planned = plan_comparison(commits, minutes, stack, needed=needed)
    outputs = planned.outputs()
    assert outputs[Output.COMPARE] == "false"
    assert (outputs[Output.BASE], outputs[Output.HEAD]) == ("", "")
    # GitHub reads it as a number in any case.
    assert int(outputs[Output.COMPARE_TIMEOUT])


@pytest.mark.parametrize(
    ("text", "minutes"), [("", 12), (" ", 12), ("0", 0), ("20", 20), (" 20 ", 20), ("330", 330)]
)
def test_the_input_sets_the_minutes(text: str, minutes: int) -> None:
    assert minutes_of(text, "compose") == minutes


def test_the_timeout_follows_from_the_minutes() -> None:
    short, long = (plan_comparison(COMMITS, x, "auto", needed=True) for x in ("5", "330"))
    assert (short.timeout_minutes, long.timeout_minutes) == (35, 360)


@pytest.mark.parametrize(
    "text", ["-1", "331", "12.5", "12m", "soon", "1\nbase=x", "٣", "1_0", "0x5", "+3", "9" * 5000]
)
def test_another_value_is_refused(text: str) -> None:
    with pytest.raises(UsageFailure) as raised:
        minutes_of(text, "compose")
    assert raised.value.message.startswith("minutes: ")


def test_what_the_status_requires_are_the_defaults_of_the_command() -> None:
    defaults = {str(x.name): x.default for x in compare.get_arguments()}
    options = ComparisonOptions.parse(*(defaults[x] for x in ("minutes", "effect", "rate")))
    assert options == ComparisonOptions(MINUTES, EFFECT, RATE)
