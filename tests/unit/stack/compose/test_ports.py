import pytest

from cdc_perf.errors import Failure
from cdc_perf.stack.compose import ports


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port != 5432)
    monkeypatch.setattr("cdc_perf.ports.is_free", lambda _: True)
    monkeypatch.setattr("cdc_perf.ports._claim", lambda _: True)


def test_a_port_of_the_environment_is_taken_and_the_rest_are_free_ones() -> None:
    chosen = ports.choose({"KAFKA_PORT": "29092", "MONGODB_PORT": ""})
    assert chosen["kafka"] == 29092
    assert len(set(chosen.values())) == len(chosen) == len(ports.VARIABLES)


@pytest.mark.parametrize(
    ("environment", "line", "code"),
    [
        ({"POSTGRES_PORT": "5432"}, "port 5432 (POSTGRES_PORT) is in use", 3),
        ({"POSTGRES_PORT": "x"}, "POSTGRES_PORT: 'x' is not a port: use 1 to 65535", 2),
        ({"POSTGRES_PORT": "65536"}, "POSTGRES_PORT: '65536' is not a port", 2),
    ],
)
def test_a_port_that_cannot_be_had_is_one_line(
    environment: dict[str, str], line: str, code: int
) -> None:
    with pytest.raises(Failure) as caught:
        ports.choose(environment)
    assert caught.value.message.startswith(line)
    assert caught.value.code == code
