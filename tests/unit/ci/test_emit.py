import pytest
import yaml

from cdc_perf.ci.emit import emit
from cdc_perf.ci.model import Job, Level, Permission, Run, Text, Triggers, Uses, Workflow
from cdc_perf.ci.pins import CHECKOUT

# Words that one reading of YAML or the other takes for something else than text.
ODD = ("on", "yes", "3.10", "1_000", "12:30", "null", "~", "*x", "@x", "a: b", "a # b", "", "0o7")


def workflow(*, text: str = "x", version: str = "3.11") -> Workflow:
    job = Job(
        name=text,
        timeout_minutes=5,
        permissions=(Permission("contents", Level.READ, "reads the code"),),
        steps=(
            Uses("Check out", CHECKOUT, {"with": version, "lines": "a\nb\n"}),
            Run("Say", text, {"WORD": text}),
        ),
    )
    triggers = Triggers(inputs={"word": Text(text)}, push_to=(text,))
    return Workflow(text, triggers, jobs={"job": job}, group=text)


@pytest.mark.parametrize("word", ODD)
def test_every_text_is_read_back_as_itself(word: str) -> None:
    content = yaml.safe_load(emit(workflow(text=word)))
    job = content["jobs"]["job"]
    assert content["name"] == job["name"] == job["steps"][1]["run"] == word
    assert job["steps"][1]["env"] == {"WORD": word}
    assert content["on"]["push"]["branches"] == [word]
    assert content["on"]["workflow_dispatch"]["inputs"]["word"]["description"] == word


def test_a_version_stays_a_text_and_lines_stay_lines() -> None:
    text = emit(workflow(version="3.10"))
    assert 'with: "3.10"' in text
    assert "lines: |\n            a\n            b\n" in text


def test_pins_and_permissions_have_their_comments() -> None:
    text = emit(workflow())
    assert f"uses: actions/checkout@{CHECKOUT.sha} # {CHECKOUT.tag}\n" in text
    assert "contents: read # reads the code\n" in text
    assert '"on":' in text
