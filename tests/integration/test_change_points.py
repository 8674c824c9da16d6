"""apache-otava, as it is fetched and asked."""

from random import Random

import msgspec
import pytest

from cdc_perf.report.history import comparable_groups
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.change_points import find_change_points
from tests.unit.results.test_history import entry


@pytest.fixture
def noise() -> list[float]:
    random = Random(1)  # noqa: S311 - nothing here is a secret
    return [random.gauss(20, 0.4) for _ in range(30)]


def test_a_level_that_changes_for_good_is_found_and_noise_is_not(
    checkout: Checkout, noise: list[float]
) -> None:
    stepped = [value * (1.3 if number >= 18 else 1) for number, value in enumerate(noise)]
    slight = [value * (1.03 if number >= 18 else 1) for number, value in enumerate(noise)]
    series = {"noise": noise, "stepped": stepped, "slight": slight}
    found = find_change_points(checkout.root, Cache.of_environment(), series)
    assert (found["noise"], found["slight"]) == ((), ())
    (point,) = found["stepped"]
    assert point.index == 18
    assert point.after / point.before == pytest.approx(1.3, rel=0.03)
    assert point.p_value < 0.001


def test_one_run_without_a_figure_hides_no_doubled_latency(
    checkout: Checkout, noise: list[float]
) -> None:
    values = [value * (2 if number >= 18 else 1) for number, value in enumerate(noise)]
    entries = [
        msgspec.structs.replace(
            entry(number), figures={} if number == 5 else {"e2e p95": value, "iterations/s": 10.0}
        )
        for number, value in enumerate(values)
    ]
    cache = Cache.of_environment()
    (last,) = comparable_groups(entries, lambda x: find_change_points(checkout.root, cache, x))
    (point,) = last.changes["e2e p95"]
    # Without the run that has no figure: the 18th value is that of run 18.
    assert point.index == 17
    assert point.after / point.before == pytest.approx(2, rel=0.03)
    assert last.changes["iterations/s"] == ()
