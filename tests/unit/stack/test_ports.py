import msgspec
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.stack.local import ports
from cdc_perf.stack.local.ports import Ports, choose


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which port 9092 is taken, and the next free one is the least not spoken for."""
    monkeypatch.setattr(ports, "is_free", lambda port: port != 9092)
    monkeypatch.setattr(
        ports, "free_port", lambda taken: next(p for p in range(9090, 9999) if p not in taken)
    )


def test_given_ports_are_taken_and_the_rest_is_chosen_each_another() -> None:
    chosen = choose({"kafka": 9090, "consumer": 9094})
    assert (chosen.kafka, chosen.consumer) == (9090, 9094)
    every = msgspec.structs.astuple(chosen)
    assert len(set(every)) == len(every) == len(Ports.__struct_fields__)


def test_a_given_port_that_is_taken_is_named_with_its_component() -> None:
    with pytest.raises(StackFailure) as caught:
        choose({"kafka": 9092})
    assert caught.value.message == "port 9092 (kafka in pipeline.toml) is in use"
    assert "sport = :9092" in caught.value.hint
