import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.stack.compose import engine
from cdc_perf.stack.compose.engine import version_in


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.19.1", (2, 19)),
        ("v2.6.0", (2, 6)),
        ("5.5.0-desktop.1", (5, 5)),
        ("2.40.3+ds1-0ubuntu1", (2, 40)),
        ("", None),
        ("dev", None),
    ],
)
def test_the_version_is_read_from_what_compose_says(
    text: str, version: tuple[int, int] | None
) -> None:
    assert version_in(text) == version


def says(monkeypatch: pytest.MonkeyPatch, text: str, exit_code: int = 0) -> None:
    completed = process.Completed(("docker",), exit_code, text, ())
    monkeypatch.setattr(process, "run", lambda *_, **__: completed)


@pytest.mark.parametrize("version", ["2.6.1", "2.18.1", "2.24.0", "5.0.1", "5.5.0", "v2.6.0"])
def test_each_supported_version_is_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    says(monkeypatch, version)
    assert engine._compose_version() == version.removeprefix("v")  # noqa: SLF001 - needs an engine


@pytest.mark.parametrize(
    ("said", "exit_code"), [("2.5.1", 0), ("2.0.0", 0), ("1.29.2", 0), ("dev", 0), ("2.30.0", 1)]
)
def test_an_older_one_is_refused_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch, said: str, exit_code: int
) -> None:
    says(monkeypatch, said, exit_code)
    with pytest.raises(StackFailure) as caught:
        engine._compose_version()  # noqa: SLF001 - the rest needs an engine
    assert caught.value.code is ExitCode.STACK
    assert "\n" not in caught.value.message
