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
