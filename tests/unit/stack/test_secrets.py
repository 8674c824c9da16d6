"""An address with a user and a password, and what is said when it does not answer."""

import re
from collections.abc import Callable

import pytest
import requests
import responses

from cdc_perf.errors import StackFailure
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.hops import read_hops
from cdc_perf.waiting import NotReady

ADDRESS = "http://someone:hunter2@host.test:8083"
EVERYTHING = re.compile(".*")
QUESTIONS: tuple[Callable[[], object], ...] = (
    lambda: ConnectApi(ADDRESS).cluster_id(),
    lambda: ConnectApi(ADDRESS).config("connector"),
    lambda: read_hops(ADDRESS),
)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, requests.ConnectionError(f"refused by {ADDRESS}")),
        (200, requests.exceptions.InvalidURL(f"cannot parse {ADDRESS}")),
        (409, ""),
        (500, f"<html>{ADDRESS}</html>"),
        (200, f"something else than {ADDRESS}"),
    ],
)
@pytest.mark.parametrize("ask", QUESTIONS)
def test_no_failure_shows_the_user_and_the_password(
    ask: Callable[[], object], status: int, body: str | Exception
) -> None:
    with responses.RequestsMock() as mock:
        mock.get(EVERYTHING, status=status, body=body)
        with pytest.raises((StackFailure, NotReady, Rebalancing, Unreachable)) as caught:
            ask()
    said = f"{caught.value} {getattr(caught.value, 'detail', '')}"
    assert "hunter2" not in said
    assert "someone" not in said
