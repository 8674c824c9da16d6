import pytest

from cdc_consumer.placeholders import is_unavailable

# As Debezium's PostgreSQL connector 3.7 shapes `unavailable.value.placeholder`; written out, so
# that a slip in how the module computes them shows.
_TEXT = "__debezium_unavailable_value"
_BASE64 = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="
_UUID = "b68a35a7-17ad-35b3-af2a-ae46edb4545a"  # Java's UUID.nameUUIDFromBytes of the text


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(_TEXT, id="text"),
        pytest.param(_BASE64, id="bytes"),
        pytest.param([_TEXT], id="array of text"),
        pytest.param([_BASE64], id="array of bytes"),
        pytest.param(list(_TEXT.encode()), id="array of integers"),
        pytest.param([_UUID], id="array of uuids"),
        pytest.param({_TEXT: _TEXT}, id="hstore"),
        pytest.param(f'{{"{_TEXT}":"{_TEXT}"}}', id="hstore as JSON"),
    ],
)
def test_each_shape_of_the_placeholder_is_known(value: object) -> None:
    assert is_unavailable(value)


@pytest.mark.parametrize(
    "value",
    [None, 0, 1.5, True, "", "text", _TEXT + " ", [], [_TEXT, _TEXT], [95], {}, {_TEXT: "x"}],
    ids=repr,
)
def test_other_values_are_values(value: object) -> None:
    assert not is_unavailable(value)
