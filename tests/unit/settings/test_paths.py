from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout


@pytest.mark.parametrize(
    ("environment", "results"),
    [
        ({}, "/checkout/k6/results"),
        ({"RESULTS_DIR": ""}, "/checkout/k6/results"),
        ({"RESULTS_DIR": "/elsewhere"}, "/elsewhere"),
        ({"RESULTS_DIR": "relative"}, "/here/relative"),
        ({"RESULTS_DIR": "~/results"}, "/home/someone/results"),
    ],
)
def test_the_results_folder_can_be_moved(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], results: str
) -> None:
    monkeypatch.setattr(Path, "cwd", classmethod(lambda _cls: Path("/here")))
    monkeypatch.setattr("os.getcwd", lambda: "/here")
    monkeypatch.setenv("HOME", "/home/someone")
    assert Checkout.at(Path("/checkout"), environment).results == Path(results)


def test_here_is_the_checkout_of_the_code(committed: Checkout) -> None:
    assert Checkout.here().root == committed.root
    assert (Checkout.here().scripts / "lib").is_dir()


@pytest.mark.parametrize(
    ("given", "pipeline", "stack", "results"),
    [
        ("", "/tool/pipelines/sample", "/tool/.stack", "/tool/k6/results"),
        ("/tool/pipelines/sample/", "/tool/pipelines/sample", "/tool/.stack", "/tool/k6/results"),
        ("pipelines/sample", "/tool/pipelines/sample", "/tool/.stack", "/tool/k6/results"),
        ("../ours", "/ours", "/ours/.stack", "/ours/results"),
        ("~/ours", "/home/someone/ours", "/home/someone/ours/.stack", "/home/someone/ours/results"),
        (
            "pipelines/kafka-only",
            "/tool/pipelines/kafka-only",
            "/tool/pipelines/kafka-only/.stack",
            "/tool/pipelines/kafka-only/results",
        ),
    ],
)
def test_another_pipeline_keeps_its_state_in_its_folder(
    monkeypatch: pytest.MonkeyPatch, given: str, pipeline: str, stack: str, results: str
) -> None:
    monkeypatch.setattr("os.getcwd", lambda: "/tool")
    monkeypatch.setenv("HOME", "/home/someone")
    found = Checkout.at(Path("/tool"), {"CDC_PIPELINE": given})
    assert (found.pipeline, found.stack, found.results) == (
        Path(pipeline),
        Path(stack),
        Path(results),
    )
    assert found.root == Path("/tool")


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ("", ""),
        ("/tool/pipelines/sample", ""),
        ("/tool/pipelines/kafka-only", "pipelines/kafka-only"),
        ("/ours", "../ours"),
    ],
)
def test_a_command_in_the_checkout_names_another_pipeline(given: str, option: str) -> None:
    assert Checkout.at(Path("/tool"), {"CDC_PIPELINE": given}).pipeline_option == option


def test_results_can_be_moved_for_any_pipeline() -> None:
    environment = {"CDC_PIPELINE": "/ours", "RESULTS_DIR": "/elsewhere"}
    assert Checkout.at(Path("/tool"), environment).results == Path("/elsewhere")
