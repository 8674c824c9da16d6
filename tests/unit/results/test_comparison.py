"""comparison.json: what it may contain."""

from pathlib import Path

import msgspec
import pytest

from cdc_perf.results.comparison import Comparison
from tests.unit.compared_versions import compared, with_slice


def test_a_comparison_is_read_as_it_was_written(tmp_path: Path) -> None:
    comparison = compared(1.0, starts=2)
    comparison.write(tmp_path / "comparison.json")
    content = (tmp_path / "comparison.json").read_bytes()
    assert msgspec.json.decode(content, type=Comparison) == comparison


@pytest.mark.parametrize("bucket", [-2001, 2001, 10**9])
def test_a_bucket_without_finite_bounds_is_refused(bucket: int) -> None:
    comparison = with_slice(compared(starts=1), 0, 0, latencies={bucket: 1})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(comparison), type=Comparison)


def test_what_differs_between_the_versions() -> None:
    comparison = compared(starts=0)
    assert comparison.changed_settings == {"poll.interval.ms": ("5", "6")}
    head = msgspec.structs.replace(comparison.head, components={}, settings={})
    found = msgspec.structs.replace(comparison, head=head).changed_settings
    assert found["kafka"] == ("4.1.0", "")
    assert list(found) == sorted(found)
