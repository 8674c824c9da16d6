import pytest

from cdc_perf.settings.names import nearest


@pytest.mark.parametrize(
    ("name", "known", "end"),
    [
        ("baselin", ("baseline", "stress"), "did you mean baseline?"),
        ("spke", ("spike", "spoke", "soak"), "did you mean spoke or spike?"),
        ("nothing-like-it", ("baseline", "stress"), "known: baseline, stress"),
        ("x", (), "none exist"),
    ],
)
def test_an_unknown_name_is_answered_with_those_near_it(
    name: str, known: tuple[str, ...], end: str
) -> None:
    assert nearest(name, known) == end
