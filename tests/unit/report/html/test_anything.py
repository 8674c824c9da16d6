"""Whatever stands in the files of a run, there is a report, and it is whole."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.report.html.page import page
from cdc_perf.report.junit import Suite, junit
from cdc_perf.runs.run_data import read_run_data
from tests.unit.recorded_runs import SLOW, row, write_run
from tests.unit.report.html.parsed import parsed

FILES = ["run.json", "verdict.json", "spike/verdict.json", "spike/summary.json"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["PASS", "INVALID", "<b>", "..", "a/b", "p95", "rate", "10s", 0, -1, 130, 5])
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bytes]:
    folder = write_run(tmp_path_factory.mktemp("anything"), [row("baseline"), row("spike", SLOW)])
    return {folder / name: (folder / name).read_bytes() for name in FILES}


def places(content: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the way to everything within a JSON value."""
    within = (
        list(content.items())
        if isinstance(content, dict)
        else list(enumerate(content))
        if isinstance(content, list)
        else []
    )
    return [path, *(found for key, value in within for found in places(value, (*path, key)))]


def changed(content: object, path: tuple[object, ...], value: object) -> object:
    if not path:
        return value
    key, *rest = path
    if isinstance(content, dict):
        return {**content, key: changed(content[key], tuple(rest), value)}
    assert isinstance(content, list)
    assert isinstance(key, int)
    return [*content[:key], changed(content[key], tuple(rest), value), *content[key + 1 :]]


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
