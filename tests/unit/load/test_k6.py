import json
from pathlib import Path

import pytest

from cdc_perf.errors import LoadFailure
from cdc_perf.load.k6 import K6, PrometheusTarget, Shape, shape_of
from cdc_perf.settings.executors import ConstantVus, RampingVus, Stage
from cdc_perf.settings.scenarios import Scenario

BASELINE = Scenario(
    name="baseline",
    description="",
    think_time_seconds=0.5,
    in_all=True,
    options=ConstantVus(vus=10, duration="5m"),
    duration_seconds=300,
    script=Path("baseline-test.js"),
)


def test_a_run_listens_on_loopback_alone_and_no_secret_is_on_its_command_line() -> None:
    k6 = K6(Path("k6"), {"CDC_POSTGRES_DSN": "postgresql://user:secret@host/db"})
    argv = [str(x) for x in k6.run_command(Path("a.js"), Path("points.json.gz"), 20_000)]
    assert argv[argv.index("--address") + 1] == "127.0.0.1:20000"
    assert argv[-1] == "a.js"
    assert "secret" not in " ".join(argv)
    assert k6.variables["CDC_POSTGRES_DSN"].endswith("@host/db")
    assert k6.variables["K6_AUTO_EXTENSION_RESOLUTION"] == "false"


def test_the_user_s_own_settings_of_k6_are_not_read() -> None:
    assert json.loads(Path(K6(Path("k6")).variables["K6_CONFIG"]).read_bytes()) == {}


def test_an_observed_run_pushes_and_labels_its_series() -> None:
    k6 = K6(Path("k6"), push_to=PrometheusTarget("http://127.0.0.1:9090", "r1"))
    argv = [str(x) for x in k6.run_command(Path("a.js"), Path("points.json.gz"), 20_000)]
    outputs = [argv[i + 1] for i, word in enumerate(argv) if word == "--out"]
    assert outputs == ["json=points.json.gz", "experimental-prometheus-rw"]
    assert argv[argv.index("--tag") + 1] == "test_run_id=r1"
    assert argv[-1] == "a.js"
    assert k6.variables["K6_PROMETHEUS_RW_SERVER_URL"] == "http://127.0.0.1:9090/api/v1/write"
    assert "K6_PROMETHEUS_RW_SERVER_URL" not in K6(Path("k6")).variables


def inspected(**options: object) -> str:
    return json.dumps({"scenarios": {"baseline": options}})


@pytest.mark.parametrize(
    ("output", "shape"),
    [
        pytest.param(
            inspected(
                executor="constant-vus",
                vus=3,
                duration="20s",
                gracefulStop="25s",
                startTime="0s",
                env=None,
                exec=None,
                tags=None,
            ),
            Shape(ConstantVus(vus=3, duration="20s"), 20.0, 25.0),
            id="constant",
        ),
        pytest.param(
            inspected(
                executor="ramping-vus",
                startVUs=0,
                stages=[{"duration": "10s", "target": 5}, {"duration": "5s", "target": 0}],
                gracefulStop="30s",
                gracefulRampDown="30s",
            ),
            Shape(RampingVus(start_vus=0, stages=(Stage("10s", 5), Stage("5s", 0))), 15.0, 30.0),
            id="ramping",
        ),
    ],
)
def test_the_effective_shape_is_what_k6_says(output: str, shape: Shape) -> None:
    assert shape_of(output, BASELINE) == shape


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("", id="nothing"),
        pytest.param("[]", id="no object"),
        pytest.param('{"scenarios": {"default": {}}}', id="another scenario"),
        pytest.param('{"scenarios": null}', id="no scenarios"),
        pytest.param(inspected(executor="constant-vus", gracefulStop="25s"), id="incomplete"),
        pytest.param(inspected(executor="shared-iterations", gracefulStop="1s"), id="unknown"),
    ],
)
def test_a_script_without_the_scenario_is_a_broken_load(output: str) -> None:
    with pytest.raises(LoadFailure, match=r"baseline-test\.js do not define a scenario named"):
        shape_of(output, BASELINE)
