import signal
from collections.abc import Iterator

import pytest

from cdc_perf import signals
from cdc_perf.errors import Interrupted


@pytest.fixture(autouse=True)
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    monkeypatch.setattr(signals, "_interruption", signals.SignalState())
    signals.install_handlers()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_by_its_name(number: signal.Signals) -> None:
    with pytest.raises(Interrupted, match=f"interrupted by {number.name}"):
        signal.raise_signal(number)


def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    with signals.deferred():
        signal.raise_signal(signal.SIGTERM)


def clean_up(done: list[str]) -> None:
    with signals.deferred():
        with signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            done.append("inner")
        done.append("outer")


def fail_to_clean_up() -> None:
    with signals.deferred():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("broken")


def test_a_postponed_signal_takes_effect_at_the_end_of_the_block() -> None:
    done: list[str] = []
    with pytest.raises(Interrupted, match="SIGTERM"):
        clean_up(done)
    assert done == ["inner", "outer"]


def test_a_failure_in_a_deferred_block_is_reported() -> None:
    with pytest.raises(ValueError, match="broken"):
        fail_to_clean_up()
