import io

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints, names_in
from cdc_perf.stack.external.consent import writes
from cdc_perf.tasks.consent import ask_before_writing

PIPELINE = load_pipeline(Checkout.here())
ENDPOINTS = Endpoints(
    **names_in(PIPELINE),
    stack="external",
    postgres_dsn="postgresql://load:hunter2@db.test:6432/shop",
    kafka_bootstrap="",
    connect_url="",
)
LOAD = "baseline: at most 20 iterations/s on average for 1m"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_written_where_and_how_much() -> None:
    tables = "public.customer, public.address, public.orders, public.order_item"
    assert writes(PIPELINE, ENDPOINTS, [LOAD]).splitlines() == [
        "This writes to a pipeline that others operate:",
        "  database  shop at db.test:6432, as load",
        "  rows      canary rows in public.cdc_perf_canary, deleted again",
        f"  tables    {tables}; no DDL, and no rows of others",
        f"  load      {LOAD}",
    ]
    assert len(writes(PIPELINE, ENDPOINTS).splitlines()) == 3
    assert "hunter2" not in writes(PIPELINE, ENDPOINTS)


@pytest.mark.parametrize("answer", ["y\n", "YES\n", " yes \n"])
def test_yes_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ask_before_writing(PIPELINE, ENDPOINTS, [LOAD])
    shown = capsys.readouterr()
    assert (shown.out, shown.err.splitlines()[-1]) == ("", "Continue? [y/N]")


@pytest.mark.parametrize("answer", ["\n", "n\n", "", "yep\n"])
def test_anything_else_writes_nothing(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    with pytest.raises(UsageFailure, match=r"^not confirmed: nothing was written"):
        ask_before_writing(PIPELINE, ENDPOINTS)


def test_a_program_has_to_say_yes_by_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageFailure, match="standard input is not a terminal") as caught:
        ask_before_writing(PIPELINE, ENDPOINTS)
    assert caught.value.hint == "add --yes"
