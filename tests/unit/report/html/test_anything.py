"""Whatever stands in the files of a run, there is a report, and it is whole."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.report.html.page import page
from cdc_perf.report.junit import Suite, junit
from cdc_perf.runs.run_data import read_run_data
from tests.unit.any_json import VALUES, changed, places
from tests.unit.recorded_runs import SLOW, row, write_run
from tests.unit.report.html.parsed import parsed

FILES = ["run.json", "verdict.json", "spike/verdict.json", "spike/summary.json"]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bytes]:
    folder = write_run(tmp_path_factory.mktemp("anything"), [row("baseline"), row("spike", SLOW)])
    return {folder / name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150)
def test_one_value_of_a_file_is_another(originals: dict[Path, bytes], data: st.DataObject) -> None:
    for path, content in originals.items():
        path.write_bytes(content)
    path = data.draw(st.sampled_from(list(originals)))
    content = msgspec.json.decode(originals[path])
    place = data.draw(st.sampled_from(places(content)))
    path.write_bytes(msgspec.json.encode(changed(content, place, data.draw(VALUES))))
    folder = next(iter(originals)).parent
    material = read_run_data(folder)
    found = parsed(page([material]))
    assert "At a glance" in found.text
    assert (found.fetched, found.handlers) == ([], [])
    assert junit("x", [Suite(x.verdict) for x in material.scenarios if x.verdict is not None])
